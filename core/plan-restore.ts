/** From what somebody asked for to what a restore does: decided before anything is touched. */
import { durationMs } from './config/duration.ts';
import { resolveSource } from './config/plan-source.ts';
import type { Config, Source } from './config/schema.ts';
import { chooseDump, choosePoint } from './choose-point.ts';
import { HoldfastError } from './errors.ts';
import { restoreKey, runTag } from './keys.ts';
import type { DatabaseDump } from './manifest.ts';
import { parseInput } from './parse-input.ts';
import { rdsTarget, taskSize } from './plan-run.ts';
import { RestoreInput, type Destination } from './restore-input.ts';
import type { PointRef, RestoreDestination, RestorePlan } from './restore-record.ts';
import type { PlannedRestore } from './restore-steps.ts';
import type { Trigger } from './run-input.ts';
import type { RunRow } from './run-record.ts';
import type { Execution } from './steps.ts';
import { describeThaw, type ThawEstimate } from './thaw.ts';

export interface RestoreRequest {
  readonly input: RestoreInput;
  readonly source: { readonly name: string; readonly source: Source };
  readonly to: RestoreDestination;
  /** Name on the target; null: the worker takes it from the secret, or keeps the one that it had. */
  readonly toDatabase: string | null;
}

/**
 * What was asked for, as far as it can be judged without looking at what there is.
 * @throws InvalidInput with every bad field, SourceNotFound with the sources there are
 */
export function readRestoreInput(given: unknown, config: Config): RestoreRequest {
  const input = parseInput(RestoreInput, given);
  const source = resolveSource(config, input.source);
  const { target, database, ...connection } = input.to;
  const named = target === undefined ? undefined : targetNamed(target, config);
  if (connection.secret !== undefined) requireReadable(connection.secret, config);
  const rds = rdsTarget(source.source);
  return {
    input,
    source,
    to: {
      name: target ?? null,
      given: named ?? connection,
      fallback: source.source.connection,
      ...(rds && { rds }),
    },
    toDatabase: database ?? named?.database ?? null,
  };
}

export interface RestorePoint {
  readonly point: RunRow;
  readonly dump: DatabaseDump;
}

/** @param newestFirst runs of the source @throws RecoveryPointNotFound, DatabaseNotFound, InvalidInput */
export async function chooseRestorePoint(
  { input, source }: RestoreRequest,
  newestFirst: AsyncIterable<RunRow>,
): Promise<RestorePoint> {
  const { recoveryPoint, database } = input;
  const point = await choosePoint({ source: source.name, recoveryPoint, database }, newestFirst);
  return { point, dump: chooseDump(point, database) };
}

/** What the machine and the worker are told. */
export function planRestore(
  { run, startedAt, executionArn }: Execution,
  { input, source: { name, source }, to, toDatabase }: RestoreRequest,
  { point, dump }: RestorePoint,
  thaw: ThawEstimate,
): { readonly planned: PlannedRestore; readonly plan: RestorePlan; readonly trigger: Trigger } {
  const { tables, schemas, roles, allowNotEmpty, dryRun } = input;
  const summary = describeThaw(thaw);
  return {
    planned: {
      source: name,
      run,
      startedAt,
      executionArn,
      ...restoreKey({ source: name, run, startedAt }),
      runTag: runTag(run),
      dryRun,
      point: {
        run: point.run,
        startedAt: point.startedAt,
        snapshotAt: dump.snapshotAt,
        verdict: point.verdict ?? null,
      },
      database: dump.database,
      to: to.name ?? to.given.host ?? to.given.secret ?? '',
      toDatabase,
      sizeBytes: dump.objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      thaw: { ...thaw, summary },
      task: taskSize(source),
    },
    plan: {
      point: pointRef(point),
      database: dump.database,
      toDatabase,
      tables,
      schemas,
      roles,
      allowNotEmpty,
      to,
      ...(thaw.objects > 0 && { thaw: { tier: thaw.tier, summary } }),
      deadline: deadlineOf(startedAt, source, thaw),
    },
    trigger: input.trigger ?? 'manual',
  };
}

export function pointRef({ pk, sk, source, run, startedAt }: RunRow): PointRef {
  return { pk, sk, source, run, startedAt };
}

const HOUR_MS = 3_600_000;

/** S3 keeps its word about thaws nearly always; a restore does not fail because a thaw took twice as long. */
function deadlineOf(startedAt: string, { worker }: Source, { hours }: ThawEstimate): string {
  return new Date(Date.parse(startedAt) + durationMs(worker.timeout) + 2 * hours * HOUR_MS).toISOString();
}

function targetNamed(name: string, { restoreTargets }: Config): Destination {
  // Own keys only: "constructor" is no target.
  const target = Object.hasOwn(restoreTargets, name) ? restoreTargets[name] : undefined;
  if (target) return target;
  const names = Object.keys(restoreTargets);
  const there = names.length === 0 ? 'none is configured' : `configured: ${names.join(', ')}`;
  throw new HoldfastError('InvalidInput', `to.target: no restore target is named "${name}" (${there})`);
}

/** The worker of restores may read the secrets of holdfast.yml only: better refused now than by AWS in an hour. */
function requireReadable(secret: string, config: Config): void {
  if (readableSecrets(config).some((readable) => isSameSecret(readable, secret))) return;
  throw new HoldfastError(
    'InvalidInput',
    'to.secret is a secret that neither restoreTargets nor a source names: add it to restoreTargets and deploy',
  );
}

/** The secrets that a restore may read: those of restore targets and of sources. */
export function readableSecrets({ restoreTargets, sources }: Config): string[] {
  const targets = Object.values(restoreTargets).flatMap(({ secret }) => secret ?? []);
  const connections = Object.values(sources).flatMap(({ connection }) => connection.secret ?? []);
  return [...new Set([...targets, ...connections])];
}

/** A name and the ARN of the same secret, which has six characters more, mean the same. */
function isSameSecret(a: string, b: string): boolean {
  const [name, arn] = a.startsWith('arn:') ? [b, a] : [a, b];
  return (
    a === b || (!name.startsWith('arn:') && arn.includes(':secret:') && arn.slice(0, -7).endsWith(`:secret:${name}`))
  );
}
