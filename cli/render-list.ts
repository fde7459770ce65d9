/** `holdfast list` for a person. */
import { formatBytes, formatCount, formatDuration, formatTime } from '../core/format.ts';
import type { RestoreTestEntry } from '../core/manifest.ts';
import type { RunSummary } from './documents.ts';
import { table, type Column } from './tables.ts';

const COLUMNS: readonly Column[] = [
  { title: 'STARTED' },
  { title: 'SOURCE' },
  { title: 'RUN' },
  { title: 'RESULT' },
  { title: 'TESTED' },
  { title: 'LABEL' },
  { title: 'SIZE', align: 'right' },
  { title: 'CLASS' },
  { title: 'TABLES', align: 'right' },
  { title: 'ROWS', align: 'right' },
  { title: 'SNAPSHOT' },
];

export function renderList(runs: readonly RunSummary[]): string {
  return table(COLUMNS, runs.map(toRow));
}

function toRow(run: RunSummary): string[] {
  const hasDump = run.databases > 0;
  return [
    formatTime(run.startedAt),
    run.source ?? '-',
    run.run,
    describeResult(run),
    run.tested ? describeTest(run.tested) : '-',
    run.label ?? '',
    hasDump ? formatBytes(run.sizeBytes) : '-',
    hasDump ? run.storage.map(({ storageClass }) => describeClass(storageClass)).join(', ') : '-',
    hasDump ? formatCount(run.tables) : '-',
    hasDump ? formatCount(run.rows) : '-',
    run.snapshot?.identifier ?? '-',
  ];
}

/** The storage class of an object. @param storageClass null: S3 no longer holds it */
export const describeClass = (storageClass: string | null): string => storageClass ?? 'MISSING';

/** `passed, 12 s`, `FAILED RestoreMismatch`, `untestable`. */
export function describeTest({ outcome, seconds, failure }: RestoreTestEntry): string {
  if (outcome === 'passed') return seconds === null ? outcome : `${outcome}, ${formatDuration(seconds * 1000)}`;
  return outcome === 'failed' ? `FAILED ${failure?.code ?? ''}`.trim() : outcome;
}

/** `verified`, `running`, `FAILED AuthFailed (partial)`, `verified, held`, `FAILED Suspect (suspect), accepted`, `being removed (verified)`, `removed (verified)`. */
export function describeResult(run: RunSummary): string {
  const { hold, accepted, removing, removed } = run;
  if (removing?.verdict) return `being removed (${removing.verdict})`;
  if (removed?.verdict) return `removed (${removed.verdict})`;
  return [describeEnd(run), ...(accepted ? ['accepted'] : []), ...(hold ? ['held'] : [])].join(', ');
}

function describeEnd({ status, verdict, failure }: RunSummary): string {
  if (status === 'running') return 'running';
  if (status === 'succeeded') return verdict ?? 'succeeded';
  const part = verdict === null ? '' : ` (${verdict})`;
  return `${status.toUpperCase()} ${failure?.code ?? ''}${part}`.trim();
}
