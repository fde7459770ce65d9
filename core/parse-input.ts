/** The input of an execution, checked before anything is started. */
import type * as z from 'zod';
import { keysAllowedAt } from './config/describe-issue.ts';
import { HoldfastError } from './errors.ts';

const SHOWN_CHARS = 80;

/**
 * @param input whatever a person, a schedule or a program gave
 * @throws InvalidInput with every bad field, what it holds and what is allowed
 */
export function parseInput<Schema extends z.ZodObject>(schema: Schema, input: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(input);
  if (error === undefined) return data;
  const problems = error.issues.map((issue) => {
    const field = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      const keys = issue.keys.map((key) => [...issue.path, key].join('.')).join(', ');
      return `unknown key ${keys} (allowed: ${keysAllowedAt(schema, issue.path.map(String)).join(', ')})`;
    }
    const got = mayShow(issue.path) ? `, got ${shown(valueAt(input, issue.path))}` : '';
    return `${field === '' ? 'input' : field}: ${issue.message.toLowerCase()}${got}`;
  });
  throw new HoldfastError('InvalidInput', problems.join('; '), { cause: error });
}

/** What stands in `to` says how to log in somewhere; a login in the wrong place of it must not be repeated. */
function mayShow([key]: readonly PropertyKey[]): boolean {
  return key !== 'to';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 3)}…` : text;
}
