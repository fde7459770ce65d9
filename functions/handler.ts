/** How every Lambda of Holdfast is wrapped: the event is parsed by its contract, then one function is called. */
import middy, { type MiddyfiedHandler } from '@middy/core';
import type { ZodType } from 'zod';
import { causeChain, HoldfastError } from '../core/errors.ts';

/**
 * @param contract of the event; an event that breaks it is a bug of the machine, not of a person: UnexpectedError
 * @param work is given the parsed event; what it throws reaches Step Functions with `name` as errorType
 */
export function taskHandler<Input, Output>(
  contract: ZodType<Input>,
  work: (input: Input) => Promise<Output>,
): MiddyfiedHandler<unknown, Output> {
  return middy<unknown, Output>(async (event: unknown) => work(parse(contract, event))).onError(({ error }) => {
    throw namedError(error);
  });
}

function parse<Input>(contract: ZodType<Input>, event: unknown): Input {
  const { data, error } = contract.safeParse(event);
  if (error) {
    const fields = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new HoldfastError('UnexpectedError', `the machine sent an unexpected event: ${fields}`, { cause: error });
  }
  return data;
}

/** Keeps names that are codes; what AWS refuses becomes AccessDenied with its action. */
export function namedError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (error instanceof Error && error.name.startsWith('AccessDenied')) {
    return new HoldfastError('AccessDenied', error.message, { cause: error });
  }
  return new HoldfastError('UnexpectedError', causeChain(error), { cause: error });
}
