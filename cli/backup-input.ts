/** From the arguments of `holdfast backup` to the input of a run: everything wrong is said at once, before a start. */
import * as z from 'zod';
import { describeIssue } from '../core/config/describe-issue.ts';
import { HoldfastError } from '../core/errors.ts';
import { RunInput } from '../core/run-input.ts';

export interface BackupArguments {
  readonly source?: string | undefined;
  readonly label?: string | undefined;
  /** Comma-separated, as it was typed. */
  readonly include?: string | undefined;
  readonly trigger?: string | undefined;
}

/** A person or a job runs this command; schedules start executions themselves. */
const CommandInput = RunInput.pick({ source: true, label: true, include: true }).extend({
  trigger: z.enum(['cli', 'ci']),
});

/**
 * @param environment decides who started the run where `--trigger` does not say: CI systems set `CI`
 * @throws InvalidInput with every bad argument
 */
export function backupInput(
  { source, label, include, trigger }: BackupArguments,
  environment: Readonly<Record<string, string | undefined>>,
): RunInput {
  const given = {
    ...(source !== undefined && { source }),
    ...(label !== undefined && { label }),
    ...(include !== undefined && { include: partsOf(include) }),
    trigger: trigger ?? startedBy(environment),
  };
  const { data, error } = CommandInput.safeParse(given, { error: describeIssue });
  if (data) return data;
  const problems = error.issues.map(({ path, message }) => `${argumentOf(path)}: ${message}`);
  throw new HoldfastError('InvalidInput', problems.join('; '), { cause: error });
}

/** "snapshot,dump": in any order, each once. */
function partsOf(include: string): string[] {
  const parts = include.split(',').map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ''))];
}

/** Who starts something by a command: CI systems set `CI`. */
export function startedBy(environment: Readonly<Record<string, string | undefined>>): 'ci' | 'cli' {
  return isCi(environment['CI']) ? 'ci' : 'cli';
}

function isCi(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase());
}

function argumentOf([field = '']: readonly PropertyKey[]): string {
  return field === 'source' ? field : `--${String(field)}`;
}
