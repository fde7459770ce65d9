/** Restores, restore tests and verifications for a person: one line about the end, then a table. */
import { formatBytes, formatCount, formatDuration, formatTime } from '../core/format.ts';
import { NOT_COMPARED } from '../core/restore-record.ts';
import type { PlannedRestore } from '../core/restore-steps.ts';
import { printableLine } from './printable.ts';
import type { RestoreDocument, RestoredDocument, VerifyDocument } from './restore-documents.ts';
import { facts, indent, table, type Column } from './tables.ts';

const COLUMNS: readonly Column[] = [
  { title: 'DATABASE' },
  { title: 'TABLES', align: 'right' },
  { title: 'ROWS', align: 'right' },
  { title: 'READ', align: 'right' },
  { title: 'TIME', align: 'right' },
  { title: 'INDEXES', align: 'right' },
  { title: 'COMPARED' },
];

export function renderRestoring(restore: RestoreDocument): string {
  const sections = [headline(restore), renderDatabases(restore), renderDifferences(restore), renderChecks(restore)];
  return sections.filter((section) => section !== '').join('\n\n');
}

function headline({ run, kind, status, point, target, seconds, rtoExceeded }: RestoreDocument): string {
  const from = point === null ? '' : ` from ${printableLine(point)}`;
  const into =
    target === null ? '' : ` into ${printableLine(target.database)} at ${printableLine(target.host)}:${target.port}`;
  const late = rtoExceeded ? ', SLOWER than its target' : '';
  const what =
    kind === 'restore'
      ? `restored${from}${into}, ${duration(seconds)}`
      : `restore test passed${from}, recovery took ${duration(seconds)}${late}`;
  return `${printableLine(run)}: ${status === 'succeeded' ? what : `${kind} ${status.toUpperCase()}${from}${into}`}`;
}

const duration = (seconds: number | null): string => (seconds === null ? '-' : formatDuration(seconds * 1000));

function renderDatabases({ databases }: RestoreDocument): string {
  if (databases.length === 0) return '';
  const rows = databases.map((restored) => [
    restored.database,
    restored.tables === null ? '-' : formatCount(restored.tables),
    restored.rows === null ? '-' : formatCount(restored.rows),
    formatBytes(restored.bytesRead),
    duration(restored.seconds),
    duration(restored.indexSeconds),
    comparedOf(restored),
  ]);
  return table(COLUMNS, rows);
}

function comparedOf({ failure, tables, differences }: RestoredDocument): string {
  if (failure) return `NO: ${failure.code}`;
  if (tables === null) return 'no';
  return differences.some(({ kind }) => kind === NOT_COMPARED) ? 'in part' : 'equal';
}

function renderDifferences({ databases }: RestoreDocument): string {
  const lines = databases.flatMap(({ database, differences, differencesOmitted }) => [
    ...differences.map(({ object, detail }) => printableLine(`${database}: ${object}: ${detail}`)),
    ...(differencesOmitted > 0 ? [`${printableLine(database)}: and ${differencesOmitted} more`] : []),
  ]);
  return lines.length === 0 ? '' : `Different, and allowed to be\n${indent(lines.join('\n'))}`;
}

function renderChecks({ checks }: RestoreDocument): string {
  if (checks.length === 0) return '';
  const rows = checks.map(({ name, passed }) => [name, passed ? 'passed' : 'FAILED']);
  return table([{ title: 'CHECK' }, { title: 'RESULT' }], rows);
}

export function renderPlan({ point, database, to, toDatabase, sizeBytes, thaw }: PlannedRestore): string {
  return `nothing was started; this is what would be restored\n\n${facts([
    ['recovery point', `${point.run} (${point.verdict ?? 'not verified'})`],
    ['data as of', formatTime(point.snapshotAt)],
    ['database', database],
    ['into', `${to}, database ${toDatabase ?? database}`],
    ['to be read', formatBytes(sizeBytes)],
    ['thaw', thaw.summary],
  ])}`;
}

const VERIFY_COLUMNS: readonly Column[] = [
  { title: 'DATABASE' },
  { title: 'ROLE' },
  { title: 'SIZE', align: 'right' },
  { title: 'SHA-256' },
  { title: 'STORED' },
];

export function renderVerified({ run, objects, bytesRead }: VerifyDocument): string {
  const bad = objects.filter(({ problem }) => problem !== null);
  const end =
    bad.length === 0 ? 'every byte is as it was recorded' : `${bad.length} of ${objects.length} objects are NOT`;
  const rows = objects.map(({ database, role, sizeBytes, sha256, problem }) => [
    database,
    role,
    formatBytes(sizeBytes),
    `${sha256.slice(0, 16)}…`,
    problem ? `NO: ${problem.code}` : 'equal',
  ]);
  return `${printableLine(run)}: ${end} (${formatBytes(bytesRead)} read)\n\n${table(VERIFY_COLUMNS, rows)}`;
}
