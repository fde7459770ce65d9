/** `holdfast list` for a person. */
import { formatBytes, formatCount, formatTime } from '../core/format.ts';
import type { RunSummary } from './documents.ts';
import { table, type Column } from './tables.ts';

const COLUMNS: readonly Column[] = [
  { title: 'STARTED' },
  { title: 'SOURCE' },
  { title: 'RUN' },
  { title: 'RESULT' },
  { title: 'LABEL' },
  { title: 'SIZE', align: 'right' },
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
    run.label ?? '',
    hasDump ? formatBytes(run.sizeBytes) : '-',
    hasDump ? formatCount(run.tables) : '-',
    hasDump ? formatCount(run.rows) : '-',
    run.snapshot?.identifier ?? '-',
  ];
}

/** `verified`, `running`, `FAILED AuthFailed`, `FAILED AuthFailed (partial)`. */
export function describeResult({ status, verdict, failure }: RunSummary): string {
  if (status === 'running') return 'running';
  if (status === 'succeeded') return verdict ?? 'succeeded';
  const part = verdict === null ? '' : ` (${verdict})`;
  return `${status.toUpperCase()} ${failure?.code ?? ''}${part}`.trim();
}
