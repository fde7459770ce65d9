/** State CreateSnapshot: orders the manual snapshot of the run, once, however often the state runs. */
import type * as z from 'zod';
import { checkSnapshotQuota } from '../aws/snapshot-quota.ts';
import { findSnapshot, orderSnapshot, snapshotTarget, type RdsSnapshot } from '../aws/snapshots.ts';
import { stage } from '../aws/environment.ts';
import { HoldfastError } from '../core/errors.ts';
import { RUN_TAG, runTag, snapshotIdentifier } from '../core/keys.ts';
import { snapshotProgress } from '../core/snapshot-progress.ts';
import { CreateSnapshotInput, type RdsTarget, type RunRef, type SnapshotProgress } from '../core/steps.ts';
import { taskHandler } from './handler.ts';

/** How long to wait for an instance that is in its own backup window; the longest window AWS offers by default is 30 minutes. */
const BUSY_LIMIT_MS = 60 * 60_000;
const BUSY_WAIT_SECONDS = 60;

async function createSnapshot(run: z.infer<typeof CreateSnapshotInput>): Promise<SnapshotProgress> {
  const identifier = snapshotIdentifier(run);
  const target = await snapshotTarget(run.rds);
  const existing = await findSnapshot(target.kind, identifier);
  if (existing) return adopt(existing, target, run);
  await checkSnapshotQuota(target.kind);
  const snapshot = await orderSnapshot(target, identifier, [
    { Key: 'holdfast:source', Value: run.source },
    { Key: RUN_TAG, Value: runTag(run.run) },
    // By it the sweep knows which table knows the run.
    { Key: 'holdfast:stage', Value: stage() },
  ]);
  return snapshot ? adopt(snapshot, target, run) : busy(target, identifier, run.startedAt);
}

/** The name holds a source and a second: a deployment of another stage may have made a snapshot of the same name. */
function adopt(snapshot: RdsSnapshot, target: RdsTarget, run: RunRef): SnapshotProgress {
  const owner = snapshot.tags[RUN_TAG];
  if (snapshot.of !== target.identifier || (owner !== undefined && owner !== runTag(run.run))) {
    throw new HoldfastError(
      'SnapshotFailed',
      `snapshot ${snapshot.identifier} exists already: it is of ${snapshot.of}, made by run ${owner ?? 'unknown'}`,
    );
  }
  return snapshotProgress(target.kind, snapshot, run.startedAt, Date.now());
}

function busy(target: RdsTarget, identifier: string, startedAt: string): SnapshotProgress {
  const waitedMs = Date.now() - Date.parse(startedAt);
  if (waitedMs > BUSY_LIMIT_MS) {
    throw new HoldfastError(
      'SnapshotFailed',
      `${target.kind} ${target.identifier} was busy with something else for ${Math.round(waitedMs / 60_000)} minutes`,
    );
  }
  return { status: 'busy', waitSeconds: BUSY_WAIT_SECONDS, kind: target.kind, identifier, snapshot: null };
}

export const handler = taskHandler(CreateSnapshotInput, createSnapshot);
