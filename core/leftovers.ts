/** What nobody owns any more: how it is told from what somebody still needs. Pure. */
import { failureOfStep, type Failure } from './errors.ts';
import type { Metric } from './metric-line.ts';
import type { PointRow } from './retention/recovery-point.ts';
import type { WorkRow } from './work-row.ts';

type LeftoverKind = 'claim' | 'task' | 'upload' | 'snapshot' | 'objects' | 'manifest';

export interface Leftover {
  readonly kind: LeftoverKind;
  /** Run, source, key or identifier. */
  readonly what: string;
  readonly why: string;
  /** false: it is only told of; a person has to look. */
  readonly isEnded: boolean;
}

/** The machine's own timeout, and an hour: an upload or an object that is older belongs to no run that goes on. */
export const LONGEST_RUN_MS = 27 * 3_600_000;

/** The restore machine's timeout, which may wait for a thaw, and a day: work that was started earlier is not open. */
export const LONGEST_WORK_MS = 5 * 86_400_000;

/**
 * A worker asks every 10 s whether its row is still open, and then has to abort its uploads: one that is there after so
 * long hangs.
 */
const TASK_ENDS_WITHIN_MS = 10 * 60_000;

/** How an execution ended that left its claim behind. */
export function endOfExecution(
  execution: { readonly status: string; readonly error: string; readonly cause: string } | undefined,
): { readonly status: 'failed' | 'aborted'; readonly failure: Failure } {
  if (!execution) {
    return { status: 'failed', failure: { code: 'UnexpectedError', message: 'its execution is forgotten by AWS' } };
  }
  const { status, error, cause } = execution;
  if (status === 'ABORTED') {
    return { status: 'aborted', failure: { code: 'Cancelled', message: 'the execution was stopped from outside' } };
  }
  if (status === 'TIMED_OUT') {
    const message = 'the execution ran longer than the machine allows';
    return { status: 'failed', failure: { code: 'DeadlineExceeded', message } };
  }
  return { status: 'failed', failure: failureOfStep(error === '' ? 'UnexpectedError' : error, cause) };
}

/** Whether something that nobody owns may be ended, and why nobody owns it. */
interface Judgement {
  readonly why: string;
  readonly mayGo: boolean;
}

/**
 * Whoever has closed a row has taken its worker's claim away: nothing that a task does for it counts any more.
 * @param row that the task works for; undefined: the table has none
 * @returns undefined: it is needed, or about to end by itself
 */
export function judgeTask(row: WorkRow | undefined, now: Date): Judgement | undefined {
  // As with a snapshot, it may be the row that is missing, and the task may be doing its work.
  if (!row) return { why: 'the table knows no run of that name', mayGo: false };
  if (row.status === 'running') return undefined;
  const closedAt = row.finishedAt ?? row.startedAt;
  if (now.getTime() - Date.parse(closedAt) <= TASK_ENDS_WITHIN_MS) return undefined;
  return { why: `${row.run} is ${row.status} since ${closedAt}`, mayGo: true };
}

/**
 * @param row of the run that the snapshot's tag names, and that began when its identifier says; undefined: the table has none
 * @returns why nobody owns it, and whether it may go; undefined: it is its run's
 */
export function judgeSnapshot(row: PointRow | undefined): Judgement | undefined {
  // The table may have been restored to an earlier time: then the row is what is missing, not the snapshot too many.
  if (!row) return { why: 'the table knows no run of that name and time', mayGo: false };
  if (row.deletedAt !== undefined) return { why: `run ${row.run} is removed since ${row.deletedAt}`, mayGo: true };
  if (row.snapshotDeletedAt !== undefined)
    return { why: `its run no longer has it since ${row.snapshotDeletedAt}`, mayGo: true };
  return undefined;
}

/** A day and some hours after a point is verified, retention has looked at everything that came before it. */
export const RETENTION_HAS_LOOKED_MS = 26 * 3_600_000;

/**
 * What is wrong with the objects of a run that is old enough to be over. Nothing of it is ever removed for that:
 * retention removes what failed runs have left, once a later point is verified.
 * @param row of the run that the prefix names; undefined: the table has none
 */
export function judgeObjects(
  row: PointRow | undefined,
  hasManifest: boolean,
): { readonly kind: 'objects' | 'manifest'; readonly why: string } | undefined {
  if (!row) return { kind: 'objects', why: 'the table knows no run of that name and time' };
  if (row.deletedAt !== undefined) return { kind: 'objects', why: `its run is removed since ${row.deletedAt}` };
  const isPoint = row.verdict !== undefined && row.deleting === undefined && row.dumpDeletedAt === undefined;
  if (isPoint && !hasManifest)
    return { kind: 'manifest', why: `run ${row.run} is ${row.verdict ?? ''}, but its manifest.json is gone` };
  return undefined;
}

/** Whether retention removes what a run has left, once a later point is verified. Its own alarm tells of a removal that was interrupted. */
export function waitsForRetention({ status, verdict, hold, deleting, deletedAt }: PointRow): boolean {
  const isFailed = status !== 'running' && verdict === undefined;
  return isFailed && hold === undefined && deleting === undefined && deletedAt === undefined;
}

/** What stays after a sweep. */
export function metricsOfLeftovers(leftovers: readonly Leftover[]): Metric[] {
  return [{ name: 'Leftovers', unit: 'Count', value: leftovers.filter(({ isEnded }) => !isEnded).length }];
}
