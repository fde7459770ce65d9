/** What the schema found, in words that say what to write instead. */
import * as z from 'zod';
import { nearestOf } from './nearest.ts';
import type { Path } from './read-yaml.ts';
import { mayShow } from './show-value.ts';

const SHOWN_CHARS = 60;

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'keys and values',
};

/** The message of an issue for which the schema has none of its own. */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  const { input, path } = issue;
  const head = mayRepeat(input, path) ? `${show(input)} ` : '';
  switch (issue.code) {
    case 'invalid_type':
      return describeType(issue.expected, input, path);
    case 'invalid_value':
      return describeValue(issue.values.map(String), input, head);
    case 'invalid_union':
      return describeType('one plain value', input, path);
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `${head}is too small: at least ${String(issue.minimum)}`
        : 'is empty: give at least one';
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `${head}is too large: at most ${String(issue.maximum)}`
        : `is too long: at most ${String(issue.maximum)}`;
    default:
      return `${head}is not valid`;
  }
};

/** What a value is, where something else is expected; `expected` is a name of zod's. */
export function describeType(expected: string, input: unknown, path?: readonly PropertyKey[]): string {
  if (input === undefined) return 'is required';
  if (input === null) return 'is empty: give it a value or remove the key';
  const got = mayRepeat(input, path) ? `, got ${show(input)}` : '';
  return `expected ${EXPECTED[expected] ?? expected}${got}`;
}

function describeValue(allowed: readonly string[], input: unknown, head: string): string {
  if (input === undefined || input === null) return `${describeType('text', input)} (one of ${allowed.join(', ')})`;
  const nearest = typeof input === 'string' ? nearestOf(input, allowed) : undefined;
  const guess = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
  return `${head}is not one of ${allowed.join(', ')}${guess}`;
}

/** Of a mapping or list only its kind is shown, which tells nothing. */
function mayRepeat(input: unknown, path: readonly PropertyKey[] | undefined): boolean {
  return (typeof input === 'object' && input !== null) || mayShow(input, path);
}

/** A plain value as it was written; never the content of a mapping or list, which may be a secret in the wrong place. */
function show(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object' && input !== null) return 'keys and values';
  const text = typeof input === 'string' ? JSON.stringify(input) : String(input);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 1)}…` : text;
}

/** The message for a key that nobody knows. */
export function describeUnknownKey(key: string, allowed: readonly string[]): string {
  const nearest = nearestOf(key, allowed);
  return nearest === undefined
    ? `unknown key (allowed: ${allowed.join(', ')})`
    : `unknown key, did you mean "${nearest}"?`;
}

/** The keys that the schema allows at a path; none where it has no mapping there. */
export function keysAllowedAt(schema: z.core.$ZodType, path: Path): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    const shape = inner.shape as Record<string, z.core.$ZodType>;
    const [key, ...rest] = path;
    if (key === undefined) return Object.keys(shape);
    const child = shape[key];
    return child === undefined ? [] : keysAllowedAt(child, rest);
  }
  const [, ...rest] = path;
  if (inner instanceof z.ZodRecord) return keysAllowedAt(inner.valueType, rest);
  return inner instanceof z.ZodArray ? keysAllowedAt(inner.element, rest) : [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapper =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapper ? unwrap(schema.unwrap()) : schema;
}
