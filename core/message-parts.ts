/** What mails about backups, restores and restore tests are made of. */
import { consoleUrl } from './console-url.ts';
import { ERRORS, type Failure } from './errors.ts';
import type { Trigger } from './run-input.ts';

/** A mail lists so many of anything; the manifest has them all. */
const LISTED_MAX = 30;
const FAILURE_MAX_CHARS = 2000;

export const STARTED_BY: Readonly<Record<Trigger, string>> = {
  schedule: 'its schedule',
  manual: 'a person',
  cli: 'the holdfast command',
  ci: 'a CI job',
};

export function describeFailure({ code, message }: Failure, of = ''): string[] {
  const text = message.length > FAILURE_MAX_CHARS ? `${message.slice(0, FAILURE_MAX_CHARS)}…` : message;
  return `${of}${code}: ${text}`.split('\n').map((line, index) => (index === 0 ? line : `  ${line}`));
}

/** What to do about a failure, as a sentence. */
export function hintOf(failure: Failure | undefined): string {
  const hint = failure ? ERRORS[failure.code].hint : 'read the execution';
  return `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`;
}

export function linkTo(executionArn: string): string {
  const url = consoleUrl(executionArn);
  return section('Execution', [url ?? executionArn]);
}

export function section(title: string, lines: readonly string[]): string {
  return `${title}\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

export function table(rows: readonly (readonly [string, string])[]): string {
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `  ${name.padEnd(12)}${value}`)
    .join('\n');
}

export function listed(lines: readonly string[]): string[] {
  if (lines.length <= LISTED_MAX) return [...lines];
  return [...lines.slice(0, LISTED_MAX), `and ${lines.length - LISTED_MAX} more, which the manifest lists`];
}
