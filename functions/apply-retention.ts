/**
 * State ApplyRetention: removes what was planned, oldest first, where a plan of this moment says the same: an execution
 * may be hours old, and a person may have accepted or held a point since. What AWS or a person protects stays, and that
 * is a result. A removal that was interrupted is finished by the next run.
 */
import { bucketName } from '../aws/environment.ts';
import {
  markDeleted,
  markDeleting,
  markDumpDeleted,
  markSnapshotDeleted,
  markSnapshotDeleting,
} from '../aws/removal-marks.ts';
import { hasObjectLock, whyLocked } from '../aws/object-lock.ts';
import { removeObjects, versionsOfRun } from '../aws/run-objects.ts';
import { removeSnapshot } from '../aws/snapshot-removal.ts';
import { resolveSource } from '../core/config/plan-source.ts';
import { HoldfastError } from '../core/errors.ts';
import { countOf } from '../core/format.ts';
import { snapshotIdentifier } from '../core/keys.ts';
import { SNAPSHOT_KINDS } from '../core/manifest.ts';
import type { PointRow } from '../core/retention/recovery-point.ts';
import {
  ApplyRetentionInput,
  metricsOfRemovals,
  shortenApplied,
  type AppliedRetention,
  type KeptPoint,
  type Removal,
} from '../core/retention-steps.ts';
import { decideSource, removalOf, type DecidedPoint } from './decide-source.ts';
import { deployedConfig } from './deployed-config.ts';
import { emitMetrics } from './emit-metrics.ts';
import { namedError, taskHandler } from './handler.ts';
import { requireStored } from './require-stored.ts';

/** So many points of a source go in one run: whoever has made a mistake in holdfast.yml has days to notice. */
const REMOVALS_MAX = 50;

/** Why a removal was not done, or not to its end. */
type Obstacle = Pick<KeptPoint, 'why' | 'isInterrupted'>;

const protectedBy = (why: string): Obstacle => ({ why, isInterrupted: false });
const interruptedBy = (why: string): Obstacle => ({ why, isInterrupted: true });

/**
 * @param now gives the moment that is written into the rows
 * @throws RetentionRefused before anything is removed, when points that stay are not whole
 * @throws the error of the first removal that failed, after all others were tried
 */
export async function applyRemovals(
  { source, removals }: Pick<ApplyRetentionInput, 'source' | 'removals'>,
  now: () => Date,
): Promise<AppliedRetention> {
  const decided = await decideSource(source, now());
  await requireStored(decided);
  const points = new Map(decided.decisions.map((point) => [point.row.sk, point]));
  const isLockable = await hasObjectLock(bucketName());
  const kept: KeptPoint[] = [];
  const failures: Failed[] = [];
  let removed = 0;
  for (const planned of removals) {
    if (removed === REMOVALS_MAX) break;
    try {
      const obstacle = decided.unreadable.includes(planned.sk)
        ? protectedBy('its row cannot be read')
        : await applyRemoval(planned, points.get(planned.sk), { now: now(), isLockable });
      if (obstacle) kept.push({ sk: planned.sk, action: planned.action, ...obstacle });
      else removed += 1;
    } catch (error) {
      failures.push({ sk: planned.sk, error });
    }
  }
  for (const point of kept) process.stdout.write(`${JSON.stringify({ message: 'not removed', source, ...point })}\n`);
  emitMetrics(metricsOfRemovals(kept), source, now());
  if (failures.length > 0) throw failureOf(failures, removed);
  const keptTotal = kept.length;
  const postponed = removals.length - removed - keptTotal;
  return { source, removed, postponed, keptTotal, kept };
}

/** A removal that nobody had foreseen to fail. */
interface Failed {
  readonly sk: string;
  readonly error: unknown;
}

/** It stands for all of them: what failed for one point must not keep the others for ever. */
function failureOf([first, ...others]: readonly Failed[], removed: number): HoldfastError {
  const { code, message } = namedError(first?.error);
  const more = others.length === 0 ? '' : `, and of ${countOf(others.length, 'other point')}`;
  const text = `the removal of ${first?.sk ?? ''}${more} failed, ${removed} succeeded: ${message}`;
  return new HoldfastError(code, text, { cause: first?.error });
}

interface Moment {
  readonly now: Date;
  /** Whether the bucket has Object Lock. */
  readonly isLockable: boolean;
}

/** @param point as it is decided now; undefined: it is removed already, by an attempt of this state before */
async function applyRemoval(
  planned: Removal,
  point: DecidedPoint | undefined,
  moment: Moment,
): Promise<Obstacle | undefined> {
  if (!point || isDone(point.row, planned)) return undefined;
  const due = removalOf(point);
  if (!due) return protectedBy([...new Set([...point.dump.reasons, ...(point.snapshot?.reasons ?? [])])].join(', '));
  if (due.action !== planned.action) return protectedBy('the plan has changed since: the next run follows it');
  return due.action === 'removeSnapshot'
    ? removeSnapshotOnly(point.row, due.reasons, moment.now.toISOString())
    : removeDump(point.row, due.action, due.reasons, moment);
}

function isDone({ snapshotDeletedAt, dumpDeletedAt }: PointRow, { action }: Removal): boolean {
  if (action === 'removeSnapshot') return snapshotDeletedAt !== undefined;
  return action === 'removeDump' && dumpDeletedAt !== undefined;
}

async function removeSnapshotOnly(
  row: PointRow,
  reasons: readonly string[],
  now: string,
): Promise<Obstacle | undefined> {
  const refused = await markSnapshotDeleting(row, reasons, now);
  if (refused !== undefined) return protectedBy(refused);
  const refusal = await removeSnapshotOf(row);
  if (refusal !== undefined) return interruptedBy(refusal);
  await markSnapshotDeleted(row, now);
  return undefined;
}

async function removeDump(
  row: PointRow,
  action: 'remove' | 'removeDump',
  reasons: readonly string[],
  { now, isLockable }: Moment,
): Promise<Obstacle | undefined> {
  const locked = isLockable ? await whyLocked(await versionsOfRun(row), now) : undefined;
  if (locked !== undefined) return protectedBy(locked);
  const refused = await markDeleting(row, reasons, now.toISOString());
  if (refused !== undefined) return protectedBy(refused);
  const [stuck] = await removeObjects(row);
  if (stuck !== undefined) return interruptedBy(stuck);
  if (action === 'removeDump') {
    await markDumpDeleted(row, now.toISOString());
    return undefined;
  }
  const refusal = await removeSnapshotOf(row);
  if (refusal !== undefined) return interruptedBy(refusal);
  await markDeleted(row, now.toISOString());
  return undefined;
}

/** A run that failed may have left a snapshot that its row does not name. */
async function removeSnapshotOf(row: PointRow): Promise<string | undefined> {
  if (row.snapshot) return removeSnapshot(row.snapshot.kind, row.snapshot.identifier, row.run);
  const hasRds = resolveSource(deployedConfig(), row.source).source.rds !== undefined;
  if (!hasRds || row.snapshotDeletedAt !== undefined) return undefined;
  for (const kind of SNAPSHOT_KINDS) {
    const refusal = await removeSnapshot(kind, snapshotIdentifier(row), row.run);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

export const handler = taskHandler(ApplyRetentionInput, async (input) =>
  shortenApplied(await applyRemovals(input, () => new Date()), input.tellBytes),
);
