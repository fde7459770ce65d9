/** A run while it runs, in one line. */
import { formatBytes, formatDuration } from '../core/format.ts';
import type { Progress } from '../core/run-record.ts';
import { printableLine } from './printable.ts';

export interface RunView {
  readonly elapsedMs: number;
  /** States that were entered and not left. */
  readonly states: readonly string[];
  readonly progress: Progress | undefined;
  /** Of the upload, between the last two reports of the worker. */
  readonly bytesPerSecond: number | undefined;
}

/** `12 s  RunDump, CheckSnapshot  dumping orders, 1 of 2 databases done, 35.2 MiB, 12.0 MiB/s` */
export function describeView({ elapsedMs, states, progress, bytesPerSecond }: RunView): string {
  const parts = [formatDuration(elapsedMs), states.join(', ')];
  if (progress) parts.push(describeProgress(progress, bytesPerSecond));
  return parts.filter((part) => part !== '').join('  ');
}

export function describeProgress(progress: Progress, bytesPerSecond?: number): string {
  const { databasesDone, databasesDue, bytesUploaded } = progress;
  return [
    describePhase(progress),
    databasesDue > 0 ? `${databasesDone} of ${databasesDue} databases done` : '',
    formatBytes(bytesUploaded),
    bytesPerSecond === undefined ? '' : `${formatBytes(Math.round(bytesPerSecond))}/s`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

export function describePhase({ phase, database }: Progress): string {
  return database === null ? phase : `${phase} ${printableLine(database)}`;
}
