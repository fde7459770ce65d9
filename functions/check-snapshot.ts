/** State CheckSnapshot: looks whether the snapshot is available, has failed or takes too long. */
import type * as z from 'zod';
import { findSnapshot } from '../aws/snapshots.ts';
import { HoldfastError } from '../core/errors.ts';
import { snapshotProgress } from '../core/snapshot-progress.ts';
import { CheckSnapshotInput, type SnapshotProgress } from '../core/steps.ts';
import { taskHandler } from './handler.ts';

async function checkSnapshot(run: z.infer<typeof CheckSnapshotInput>): Promise<SnapshotProgress> {
  const snapshot = await findSnapshot(run.kind, run.identifier);
  if (!snapshot) throw new HoldfastError('SnapshotFailed', `snapshot ${run.identifier} was ordered but is gone`);
  const progress = snapshotProgress(run.kind, snapshot, run.startedAt, Date.now());
  if (progress.status !== 'available' && Date.now() > Date.parse(run.deadline)) {
    throw new HoldfastError(
      'SnapshotTimeout',
      `snapshot ${run.identifier} is still ${snapshot.status} at the run's deadline ${run.deadline}`,
    );
  }
  return progress;
}

export const handler = taskHandler(CheckSnapshotInput, checkSnapshot);
