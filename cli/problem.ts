/** An error as a person and a program are told of it. */
import { explainSdkError } from '../aws/explain-error.ts';
import { ERRORS, HoldfastError, toFailure, type ErrorCode, type Failure } from '../core/errors.ts';
import { printableText } from './printable.ts';

/** `error` of every JSON document about something that went wrong. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
}

export function problemOf(error: unknown): Problem {
  const explained = error instanceof HoldfastError ? undefined : explainSdkError(error);
  return explained ?? withHint(toFailure(error));
}

export function withHint({ code, message }: Failure): Problem {
  return { code, message, hint: ERRORS[code].hint };
}

export const exitCodeOf = ({ code }: Problem): number => ERRORS[code].exit;

export function renderProblem({ code, message, hint }: Problem): string {
  return `error: ${code}: ${printableText(message)}\nhint: ${hint}\n`;
}
