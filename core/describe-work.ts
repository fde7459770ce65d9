/** Whose work an execution is, even where its input is refused. */
import type { Config } from './config/schema.ts';
import { UNKNOWN_SOURCE } from './keys.ts';
import { RestoreInput, RestoreTestInput } from './restore-input.ts';
import { RunInput } from './run-input.ts';
import type { Execution } from './steps.ts';
import { kindOfExecution, type DescribedWork } from './work-row.ts';

const INPUT_OF = { backup: RunInput, restore: RestoreInput, 'restore-test': RestoreTestInput } as const;

export function describeWork({ input, run, startedAt, executionArn }: Execution, config: Config): DescribedWork {
  const kind = kindOfExecution(executionArn);
  const { data } = INPUT_OF[kind].safeParse(input);
  const isScheduled = data !== undefined && 'scheduledTime' in data && data.scheduledTime !== undefined;
  return {
    kind,
    source: sourceNameOf(input, config),
    run,
    startedAt,
    executionArn,
    trigger: data?.trigger ?? (isScheduled ? 'schedule' : 'manual'),
    label: data !== undefined && 'label' in data ? (data.label ?? null) : null,
  };
}

const SOURCE_NAME = /^[a-z][a-z0-9-]{0,31}$/;

function sourceNameOf(input: unknown, config: Config): string {
  const named = typeof input === 'object' && input !== null && 'source' in input ? input.source : undefined;
  if (typeof named === 'string') return SOURCE_NAME.test(named) ? named : UNKNOWN_SOURCE;
  const [only, ...others] = Object.keys(config.sources);
  return named === undefined && only !== undefined && others.length === 0 ? only : UNKNOWN_SOURCE;
}
