/** What a restore test does: decided before anything is started. */
import { durationMs } from './config/duration.ts';
import { resolveSource } from './config/plan-source.ts';
import type { Config, Source } from './config/schema.ts';
import { HoldfastError } from './errors.ts';
import { restoreTestKey, runTag } from './keys.ts';
import { parseInput } from './parse-input.ts';
import { pointRef } from './plan-restore.ts';
import { taskSize, triggerOf } from './plan-run.ts';
import { RestoreTestInput } from './restore-input.ts';
import type { RestoreTestPlan } from './restore-record.ts';
import type { PlannedRestoreTest } from './restore-steps.ts';
import type { Trigger } from './run-input.ts';
import type { RunRow } from './run-record.ts';
import type { Execution } from './steps.ts';

export interface RestoreTestRequest {
  readonly input: RestoreTestInput;
  readonly source: { readonly name: string; readonly source: Source };
  /** The oldest start of a point that may be chosen at random; null: `input.recoveryPoint` says which. */
  readonly randomSince: string | null;
}

/** @throws InvalidInput with every bad field, SourceNotFound with the sources there are */
export function readRestoreTestInput({ input: given, startedAt }: Execution, config: Config): RestoreTestRequest {
  const input = parseInput(RestoreTestInput, given);
  const randomSince =
    input.window === undefined ? null : new Date(Date.parse(startedAt) - durationMs(input.window)).toISOString();
  return { input, source: resolveSource(config, input.source), randomSince };
}

/**
 * What the machine and the worker are told. Without `restoreTest` in holdfast.yml a point can be tested too: there are
 * just no checks of its own, and no target for the recovery time.
 * @throws DatabaseNotFound for a check of a database that the point does not hold
 */
export function planRestoreTest(
  { run, startedAt, executionArn }: Execution,
  { input, source: { name, source } }: RestoreTestRequest,
  point: RunRow,
): { readonly planned: PlannedRestoreTest; readonly plan: RestoreTestPlan; readonly trigger: Trigger } {
  const { checks = [], rto } = source.restoreTest ?? {};
  const held = (point.dumps ?? []).map(({ database }) => database);
  const firstDatabase = source.databases?.find((database) => held.includes(database)) ?? held[0] ?? '';
  for (const { name: check, database } of checks) {
    if (database === undefined || held.includes(database)) continue;
    const message = `check "${check}" asks database "${database}", but recovery point ${point.run} holds ${held.join(', ')}`;
    throw new HoldfastError('DatabaseNotFound', message);
  }
  return {
    planned: {
      source: name,
      run,
      startedAt,
      executionArn,
      ...restoreTestKey({ source: name, run, startedAt }),
      duplicateOf: null,
      runTag: runTag(run),
      point: { run: point.run, startedAt: point.startedAt },
      task: taskSize(source),
    },
    plan: {
      point: pointRef(point),
      checks,
      firstDatabase,
      rtoSeconds: rto === undefined ? null : durationMs(rto) / 1000,
      deadline: new Date(Date.parse(startedAt) + durationMs(source.worker.timeout)).toISOString(),
    },
    trigger: triggerOf(input),
  };
}
