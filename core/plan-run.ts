/** From what somebody asked for to what a run does: decided before anything is started. */
import { durationMs } from './config/duration.ts';
import { resolveSource } from './config/plan-source.ts';
import type { Config, Source } from './config/schema.ts';
import { HoldfastError } from './errors.ts';
import { runKey, runTag } from './keys.ts';
import { parseInput } from './parse-input.ts';
import { PARTS, RunInput, type Part, type Trigger } from './run-input.ts';
import type { DumpPlan } from './run-record.ts';
import type { Execution, PlannedRun, RdsTarget, TaskSize } from './steps.ts';

export interface Plan {
  readonly planned: PlannedRun;
  readonly scheduledTime: string | null;
  readonly trigger: Trigger;
  readonly label: string | null;
  readonly dumpPlan: DumpPlan | null;
}

/**
 * Plans one run.
 * @throws InvalidInput with every bad field, SourceNotFound with the sources there are
 */
export function planRun(execution: Execution, config: Config): Plan {
  const input = parseInput(RunInput, execution.input);
  const { name, source } = resolveSource(config, input.source);
  const include = partsOf(input.include, name, source);
  const { run, startedAt, executionArn } = execution;
  const deadline = new Date(Date.parse(startedAt) + durationMs(source.worker.timeout)).toISOString();
  const rds = rdsTarget(source);
  return {
    planned: {
      source: name,
      run,
      startedAt,
      executionArn,
      ...runKey({ source: name, run, startedAt }),
      duplicateOf: null,
      runTag: runTag(run),
      include: { snapshot: include.includes('snapshot'), dump: include.includes('dump') },
      rds,
      deadline,
      task: taskSize(source),
    },
    scheduledTime: input.scheduledTime ?? null,
    trigger: triggerOf(input),
    label: input.label ?? null,
    dumpPlan: include.includes('dump')
      ? {
          connection: source.connection,
          ...(source.databases && { databases: source.databases }),
          dump: source.dump,
          sizeGate: source.sizeGate,
          ...(rds && { rds }),
          deadline,
          stallAfterMs: durationMs(source.worker.stallAfter),
        }
      : null,
  };
}

/** Who has started it, where the input does not say so. */
export function triggerOf({ trigger, scheduledTime }: Pick<RunInput, 'trigger' | 'scheduledTime'>): Trigger {
  return trigger ?? (scheduledTime === undefined ? 'manual' : 'schedule');
}

function partsOf(include: readonly Part[] | undefined, name: string, source: Source): readonly Part[] {
  if (!include) return source.rds ? PARTS : ['dump'];
  if (include.includes('snapshot') && !source.rds) {
    throw new HoldfastError(
      'InvalidInput',
      `include: source ${name} has no rds in holdfast.yml, so there is nothing to snapshot; leave "snapshot" out`,
    );
  }
  return include;
}

export function taskSize({ worker, network }: Source): TaskSize {
  return {
    cpu: String(worker.cpu),
    memory: String(worker.memory),
    diskGiB: worker.diskGiB,
    subnets: network?.subnets ?? [],
    securityGroups: network?.securityGroups ?? [],
  };
}

/** The instance or cluster of a source, where it has one. */
export function rdsTarget({ rds }: Source): RdsTarget | null {
  if (!rds) return null;
  if ('cluster' in rds && rds.cluster !== undefined) return { kind: 'cluster', identifier: rds.cluster };
  if ('instance' in rds && rds.instance !== undefined) return { kind: 'instance', identifier: rds.instance };
  return null;
}
