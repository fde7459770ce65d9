/** A run while it runs, in one line. */
import { countOf, formatBytes, formatCount, formatDuration } from '../core/format.ts';
import type { RestoreProgress } from '../core/restore-record.ts';
import type { Progress } from '../core/run-record.ts';
import { printableLine } from './printable.ts';

export interface RunView {
  readonly elapsedMs: number;
  /** States that were entered and not left. */
  readonly states: readonly string[];
  readonly progress: WorkProgress | undefined;
}

export type WorkProgress = Progress | RestoreProgress;

/** `12 s  RunDump, CheckSnapshot  dumping orders, 1 of 2 databases done, 35.2 MiB, 12.0 MiB/s` */
export function describeView({ elapsedMs, states, progress }: RunView): string {
  const parts = [formatDuration(elapsedMs), states.join(', ')];
  if (progress) parts.push(describeProgress(progress));
  return parts.filter((part) => part !== '').join('  ');
}

/** `dumping orders, 1 of 2 databases done, 3 of 9 tables, 35.2 MiB, 12.0 MiB/s, about 4 min left of orders` */
export function describeProgress(progress: WorkProgress): string {
  if ('bytesRead' in progress) return describeRestore(progress);
  const { database, databasesDone, databasesDue, bytesUploaded, bytesPerSecond, secondsLeft } = progress;
  return [
    describePhase(progress),
    databasesDue > 0 ? `${databasesDone} of ${databasesDue} databases done` : '',
    describeTables(progress),
    formatBytes(bytesUploaded),
    bytesPerSecond === undefined ? '' : `${formatBytes(bytesPerSecond)}/s`,
    secondsLeft === undefined || database === null
      ? ''
      : `about ${formatDuration(secondsLeft * 1000)} left of ${printableLine(database)}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** `restoring orders, 0 of 2 databases done, 35.2 MiB of 73.1 MiB` */
function describeRestore(progress: RestoreProgress): string {
  const { databasesDone, databasesDue, bytesRead, bytesDue } = progress;
  return [
    describePhase(progress),
    databasesDue > 1 ? `${databasesDone} of ${databasesDue} databases done` : '',
    bytesDue > 0 ? `${formatBytes(bytesRead)} of ${formatBytes(bytesDue)}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function describeTables({ tablesDone, tablesDue }: Progress): string {
  if (tablesDone === undefined || tablesDue === undefined) return '';
  return `${formatCount(tablesDone)} of ${countOf(tablesDue, 'table')}`;
}

export function describePhase({ phase, database }: WorkProgress): string {
  return database === null ? phase : `${phase} ${printableLine(database)}`;
}
