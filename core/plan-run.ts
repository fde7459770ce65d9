/** From what somebody asked for to what a run does: decided before anything is started. */
import { durationMs } from './config/duration.ts';
import { resolveSource } from './config/plan-source.ts';
import type { Config, Source } from './config/schema.ts';
import { HoldfastError } from './errors.ts';
import { runKey, UNKNOWN_SOURCE } from './keys.ts';
import { PARTS, RunInput, type Part, type Trigger } from './run-input.ts';
import type { DumpPlan } from './run-record.ts';
import type { Execution, PlannedRun, RdsTarget } from './steps.ts';

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
  const input = parseRunInput(execution.input);
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
      include: { snapshot: include.includes('snapshot'), dump: include.includes('dump') },
      rds,
      deadline,
      task: {
        cpu: String(source.worker.cpu),
        memory: String(source.worker.memory),
        diskGiB: source.worker.diskGiB,
        subnets: source.network?.subnets ?? [],
        securityGroups: source.network?.securityGroups ?? [],
      },
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
        }
      : null,
  };
}

/**
 * What can be said of a run whose input may be refused: enough to record and announce its failure.
 */
export function describeRun(
  { input, run, startedAt, executionArn }: Execution,
  config: Config,
): { source: string; run: string; startedAt: string; executionArn: string; trigger: Trigger; label: string | null } {
  const { data } = RunInput.safeParse(input);
  return {
    source: sourceNameOf(input, config),
    run,
    startedAt,
    executionArn,
    trigger: data ? triggerOf(data) : 'manual',
    label: data?.label ?? null,
  };
}

const SOURCE_NAME = /^[a-z][a-z0-9-]{0,31}$/;

function sourceNameOf(input: unknown, config: Config): string {
  const named = typeof input === 'object' && input !== null && 'source' in input ? input.source : undefined;
  if (typeof named === 'string') return SOURCE_NAME.test(named) ? named : UNKNOWN_SOURCE;
  const [only, ...others] = Object.keys(config.sources);
  return named === undefined && only !== undefined && others.length === 0 ? only : UNKNOWN_SOURCE;
}

function parseRunInput(input: unknown): RunInput {
  const { data, error } = RunInput.safeParse(input);
  if (data) return data;
  const allowed = Object.keys(RunInput.shape).join(', ');
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.join(', ')} (allowed: ${allowed})`;
    const field = issue.path.join('.');
    return `${field === '' ? 'input' : field}: ${issue.message.toLowerCase()}, got ${shown(valueAt(input, issue.path))}`;
  });
  throw new HoldfastError('InvalidInput', problems.join('; '), { cause: error });
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
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function triggerOf(input: RunInput): Trigger {
  return input.trigger ?? (input.scheduledTime === undefined ? 'manual' : 'schedule');
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

function rdsTarget({ rds }: Source): RdsTarget | null {
  if (!rds) return null;
  if ('cluster' in rds && rds.cluster !== undefined) return { kind: 'cluster', identifier: rds.cluster };
  if ('instance' in rds && rds.instance !== undefined) return { kind: 'instance', identifier: rds.instance };
  return null;
}
