/**
 * State ApplyRetention: removes what was planned, oldest first. Each point is looked at once more; what AWS or a person
 * protects stays, and that is a result. A removal that was interrupted is finished by the next run.
 */
import { bucketName } from '../aws/environment.ts';
import {
  forgetRestores,
  markDeleted,
  markDeleting,
  markDumpDeleted,
  markSnapshotDeleted,
  markSnapshotDeleting,
} from '../aws/removal-marks.ts';
import { hasObjectLock, whyLocked } from '../aws/object-lock.ts';
import { removeObjects } from '../aws/run-objects.ts';
import { executionIsRunning, getRun } from '../aws/run-store.ts';
import { removeSnapshot } from '../aws/snapshot-removal.ts';
import { resolveSource } from '../core/config/plan-source.ts';
import { latestKey, manifestKey, snapshotIdentifier } from '../core/keys.ts';
import { SNAPSHOT_KINDS } from '../core/manifest.ts';
import type { RunRow } from '../core/run-record.ts';
import { ApplyRetentionInput, type AppliedRetention, type KeptPoint, type Removal } from '../core/retention-steps.ts';
import type { Metric } from '../core/metric-line.ts';
import { deployedConfig } from './deployed-config.ts';
import { emitMetrics } from './emit-metrics.ts';
import { taskHandler } from './handler.ts';

function metricsOfRemovals(kept: readonly KeptPoint[]): Metric[] {
  const value = kept.filter(({ isInterrupted }) => isInterrupted).length;
  return [{ name: 'RemovalsInterrupted', unit: 'Count', value }];
}

/** Why a removal was not done, or not to its end. */
type Obstacle = Pick<KeptPoint, 'why' | 'isInterrupted'>;

const protectedBy = (why: string): Obstacle => ({ why, isInterrupted: false });
const interruptedBy = (why: string): Obstacle => ({ why, isInterrupted: true });

/** @param now gives the moment that is written into the rows */
export async function applyRemovals(
  { source, removals }: ApplyRetentionInput,
  now: () => Date,
): Promise<AppliedRetention> {
  const kept: KeptPoint[] = [];
  const isLockable = await hasObjectLock(bucketName());
  for (const removal of removals) {
    const row = await getRun({ pk: latestKey(source).pk, sk: removal.sk });
    const obstacle = await applyRemoval(row, removal, { now: now(), isLockable });
    if (obstacle) kept.push({ sk: removal.sk, action: removal.action, ...obstacle });
  }
  emitMetrics(metricsOfRemovals(kept), source, now());
  return { source, removed: removals.length - kept.length, kept };
}

interface Moment {
  readonly now: Date;
  /** Whether the bucket has Object Lock. */
  readonly isLockable: boolean;
}

async function applyRemoval(row: RunRow, { action, reasons }: Removal, moment: Moment): Promise<Obstacle | undefined> {
  if (row.deletedAt !== undefined) return undefined;
  await releaseDeadRestores(row);
  return action === 'removeSnapshot'
    ? removeSnapshotOnly(row, reasons, moment.now.toISOString())
    : removeDump(row, action, reasons, moment);
}

/** A restore that ended without saying so protects its point no longer. */
async function releaseDeadRestores(row: RunRow): Promise<void> {
  const over: string[] = [];
  for (const executionArn of row.restores ?? []) {
    if (!(await executionIsRunning(executionArn))) over.push(executionArn);
  }
  if (over.length > 0) await forgetRestores(row, over);
}

async function removeSnapshotOnly(row: RunRow, reasons: readonly string[], now: string): Promise<Obstacle | undefined> {
  if (!(await markSnapshotDeleting(row, reasons, now))) return protectedBy('it is held or being restored');
  const refusal = await removeSnapshotOf(row);
  if (refusal !== undefined) return interruptedBy(refusal);
  await markSnapshotDeleted(row, now);
  return undefined;
}

async function removeDump(
  row: RunRow,
  action: 'remove' | 'removeDump',
  reasons: readonly string[],
  { now, isLockable }: Moment,
): Promise<Obstacle | undefined> {
  const objects = (row.dumps ?? []).flatMap((dump) => dump.objects);
  const all = [{ key: manifestKey(row), versionId: null }, ...objects];
  const locked = isLockable ? await whyLocked(all, now) : undefined;
  if (locked !== undefined) return protectedBy(locked);
  if (!(await markDeleting(row, reasons, now.toISOString()))) {
    return protectedBy('it is held or being restored, or no later point is verified');
  }
  const [refused] = await removeObjects(row);
  if (refused !== undefined) return interruptedBy(refused);
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
async function removeSnapshotOf(row: RunRow): Promise<string | undefined> {
  if (row.snapshot) return removeSnapshot(row.snapshot.kind, row.snapshot.identifier, row.run);
  const hasRds = resolveSource(deployedConfig(), row.source).source.rds !== undefined;
  if (!hasRds || row.snapshotDeletedAt !== undefined) return undefined;
  for (const kind of SNAPSHOT_KINDS) {
    const refusal = await removeSnapshot(kind, snapshotIdentifier(row), row.run);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

export const handler = taskHandler(ApplyRetentionInput, (input) => applyRemovals(input, () => new Date()));
