/** What nobody owns any more: how it is told from what somebody still needs. Pure. */
import { failureOfStep, type Failure } from './errors.ts';
import type { Metric } from './metric-line.ts';
import type { PointRow } from './retention/recovery-point.ts';
import type { WorkRow } from './work-row.ts';

/** `point`: not too much, but too little of it is there. `source`: those that are not configured. */
type LeftoverKind = 'claim' | 'task' | 'upload' | 'snapshot' | 'objects' | 'point' | 'source';

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

/** DescribeExecution is eventually consistent: of an execution that has begun a moment ago it may know nothing. */
const IS_KNOWN_AFTER_MS = 60 * 60_000;

/** @param execution as AWS answers; undefined: it knows none, or no longer (90 days) */
export function isOver(execution: { readonly status: string } | undefined, startedAt: string, now: Date): boolean {
  if (!execution) return now.getTime() - Date.parse(startedAt) > IS_KNOWN_AFTER_MS;
  return execution.status !== 'RUNNING' && execution.status !== 'PENDING_REDRIVE';
}

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
export function judgeObjects(row: PointRow | undefined): string | undefined {
  if (!row) return 'the table knows no run of that name and time';
  return row.deletedAt === undefined ? undefined : `its run is removed since ${row.deletedAt}`;
}

/** Whether a row says that there are a manifest and objects of its run in the bucket. */
export function hasObjects({ status, verdict, deleting, dumpDeletedAt, deletedAt }: PointRow): boolean {
  const isPoint = status !== 'running' && verdict !== undefined && verdict !== 'snapshot-only';
  return isPoint && deleting === undefined && dumpDeletedAt === undefined && deletedAt === undefined;
}

/** Whether retention removes what a run has left, once a later point is verified. Its own alarm tells of a removal that was interrupted. */
export function waitsForRetention({ status, verdict, hold, deleting, deletedAt }: PointRow): boolean {
  const isFailed = status !== 'running' && verdict === undefined;
  return isFailed && hold === undefined && deleting === undefined && deletedAt === undefined;
}

/** What stays after a sweep: what nobody owns, and points that have lost something. */
export function metricsOfLeftovers(leftovers: readonly Leftover[]): Metric[] {
  const staying = leftovers.filter(({ isEnded }) => !isEnded);
  const damaged = staying.filter(({ kind }) => kind === 'point').length;
  return [
    { name: 'Leftovers', unit: 'Count', value: staying.length - damaged },
    { name: 'PointsDamaged', unit: 'Count', value: damaged },
  ];
}
