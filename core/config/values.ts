/** The values that several keys of the configuration share. They stay text: what was parsed can be parsed again. */
import * as z from 'zod';
import { cronProblem } from './cron.ts';
import { DURATION_HELP, DURATION_PATTERN, parseDurationMs } from './duration.ts';
import { headOf, mayBeLogin } from './show-value.ts';
import { timezoneProblem } from './timezone.ts';

/** Text with a rule of its own; `problemOf` answers why a text is refused. */
export function textWith(problemOf: (text: string) => string | undefined): z.ZodString {
  return z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined)
      context.addIssue({ code: 'custom', message: mayBeLogin(text) ? 'is not valid' : message });
  });
}

/** A pattern that JSON Schema shows too, with a message that says what to write. */
export function textLike(pattern: RegExp, help: string): z.ZodString {
  return z.string().regex(pattern, { error: (issue) => `${headOf(issue.input, issue.path)}is not valid: ${help}` });
}

export const Duration = textLike(DURATION_PATTERN, DURATION_HELP);

/** A duration within bounds, both written as durations and both allowed. */
export function durationBetween(min: string, max: string): z.ZodString {
  return Duration.superRefine((text, context) => {
    const ms = parseDurationMs(text);
    if (ms === undefined) return;
    const isOutside = ms < (parseDurationMs(min) ?? 0) || ms > (parseDurationMs(max) ?? Infinity);
    if (isOutside) context.addIssue({ code: 'custom', message: `${text} is out of range: ${min} to ${max}` });
  });
}

export const Cron = textWith(cronProblem).describe(
  'six fields in the dialect of AWS: minutes hours day-of-month month day-of-week year; one of the two days is "?"',
);

export const Timezone = textWith(timezoneProblem).default('UTC').describe('IANA name of the time zone of cron');

/** A name that ends up in an argument or a request: something, and on one line. */
export const Name = textLike(/^[^\p{Cc}]+$/u, 'write a name on one line, not empty');

/** The name of a source is part of RDS snapshot identifiers, which allow letters, digits and single hyphens only. */
const ENTRY_NAME_PATTERN = /^(?=.{1,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const ENTRY_NAME_HELP =
  'write a-z, 0-9 and single hyphens, with a letter first, no hyphen at the end, and at most 32 characters';

/** Entries by name. A bad name is reported beside what is wrong in the entry, not instead of it. */
export function namedEntries<Entry extends z.ZodType>(entry: Entry): z.ZodRecord<z.ZodString, Entry> {
  return z
    .record(z.string(), entry)
    .superRefine(
      (entries, context) => {
        for (const name of Object.keys(entries)) {
          if (ENTRY_NAME_PATTERN.test(name)) continue;
          context.addIssue({ code: 'custom', path: [name], message: `is not a usable name: ${ENTRY_NAME_HELP}` });
        }
      },
      { when: ({ value }) => isRecord(value) },
    )
    .meta({ propertyNames: { pattern: ENTRY_NAME_PATTERN.source } });
}

/** A list that names nothing twice. */
export function distinct<List extends z.ZodArray<z.ZodType<string>>>(list: List): List {
  return list.superRefine((names, context) => {
    names.forEach((name, index) => {
      if (names.indexOf(name) === index) return;
      context.addIssue({ code: 'custom', path: [index], message: `${headOf(name)}is listed twice` });
    });
  });
}

/** Whether a value has keys at all; a rule over several keys has nothing to say otherwise. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
