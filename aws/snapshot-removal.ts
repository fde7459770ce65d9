/** Deletes RDS snapshots that a run has made, and no others. */
import { DeleteDBClusterSnapshotCommand, DeleteDBSnapshotCommand } from '@aws-sdk/client-rds';
import { RUN_TAG, runTag } from '../core/keys.ts';
import type { RdsTarget } from '../core/steps.ts';
import { rds } from './clients.ts';
import { findSnapshot } from './snapshots.ts';

/** @returns why it could not be deleted, in RDS's words; undefined: the run has no such snapshot any more */
export async function removeSnapshot(
  kind: RdsTarget['kind'],
  identifier: string,
  run: string,
): Promise<string | undefined> {
  const snapshot = await findSnapshot(kind, identifier);
  // A snapshot of that name that another run has made, or a person, is none of this run.
  if (snapshot?.tags[RUN_TAG] !== runTag(run)) return undefined;
  try {
    await (kind === 'cluster'
      ? rds().send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: identifier }))
      : rds().send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: identifier })));
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name.includes('SnapshotNotFound')) return undefined;
    // It is being copied, shared or made: it will be deleted another day.
    if (/^InvalidDB(Cluster)?SnapshotState/.test(error.name)) return `snapshot ${identifier}: ${error.message}`;
    throw error;
  }
}
