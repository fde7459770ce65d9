/** What RDS's word for a snapshot's state means for a run. */
import { HoldfastError } from './errors.ts';
import type { Snapshot } from './manifest.ts';
import type { SnapshotProgress } from './steps.ts';

interface SnapshotState {
  readonly identifier: string;
  readonly arn: string;
  readonly status: string;
  readonly sizeGiB: number;
  readonly kmsKey: string | null;
}

const FIRST_LOOK_SECONDS = 5;
const LONGEST_WAIT_SECONDS = 60;

/** States from which a manual snapshot does not become available any more (RDS user guide, "snapshot status"). */
const DEAD_STATES = new Set(['failed', 'deleting', 'deleted', 'incompatible-restore', 'incompatible-parameters']);

/**
 * @param startedAt of the run: the longer it lasts, the rarer the looks (a look is 5 events of the execution's
 *   history, which holds 25,000)
 * @throws SnapshotFailed
 */
export function snapshotProgress(
  kind: Snapshot['kind'],
  snapshot: SnapshotState,
  startedAt: string,
  nowMs: number,
): SnapshotProgress {
  const { identifier, arn, status, sizeGiB, kmsKey } = snapshot;
  if (DEAD_STATES.has(status)) throw new HoldfastError('SnapshotFailed', `snapshot ${identifier} is ${status}`);
  const elapsedSeconds = Math.max(0, (nowMs - Date.parse(startedAt)) / 1000);
  const waitSeconds = Math.min(LONGEST_WAIT_SECONDS, Math.max(FIRST_LOOK_SECONDS, Math.round(elapsedSeconds / 4)));
  if (status !== 'available') return { status: 'creating', waitSeconds, kind, identifier, snapshot: null };
  return { status, waitSeconds, kind, identifier, snapshot: { kind, identifier, arn, status, sizeGiB, kmsKey } };
}
