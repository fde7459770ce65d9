/** A run for a person: all of it for `holdfast show`, the gist of it at the end of `holdfast backup --wait`. */
import { countOf, formatBytes, formatCount, formatDuration, formatTime } from '../core/format.ts';
import type { Snapshot } from '../core/manifest.ts';
import type { Trigger } from '../core/run-input.ts';
import type { Remark } from '../core/run-record.ts';
import type { DumpDocument, RunDocument } from './documents.ts';
import { printableLine, printableText } from './printable.ts';
import { describeClass, describeResult } from './render-list.ts';
import { describeProgress } from './run-view.ts';
import { facts, indent, table, type Column } from './tables.ts';

const STARTED_BY: Readonly<Record<Trigger, string>> = {
  schedule: 'its schedule',
  manual: 'a person',
  cli: 'the holdfast command',
  ci: 'a CI job',
};

export function renderRun(run: RunDocument): string {
  const sections = [
    `${printableLine(run.run)}: ${describeResult(run)}`,
    indent(renderFacts(run)),
    renderFailure(run),
    renderVerification(run),
    ...run.dumps.map((dump) => renderDump(dump, run.bucket)),
    run.dumps.length > 0 ? `Objects\n  ${printableLine(`s3://${run.bucket}/${run.prefix}`)}` : '',
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function renderFacts(run: RunDocument): string {
  return facts([
    ['source', run.source ?? 'none that is configured'],
    ['label', run.label],
    ['started by', STARTED_BY[run.trigger]],
    ['started', formatTime(run.startedAt)],
    ['finished', run.finishedAt === null ? null : `${formatTime(run.finishedAt)}, after ${duration(run)}`],
    ['progress', run.progress && `${describeProgress(run.progress)} (${formatTime(run.progress.at)})`],
    ['server', run.serverVersion === null ? null : `PostgreSQL ${run.serverVersion}`],
    ['snapshot', run.snapshot && describeSnapshot(run.snapshot)],
    ['tested', run.verdict === null ? null : describeTests(run)],
    ['accepted', run.accepted && describeRemark(run.accepted)],
    ['held', run.hold && describeRemark(run.hold)],
    ['being removed', run.removing && `since ${formatTime(run.removing.since)}: ${run.removing.reasons.join(', ')}`],
    ['removed', run.removed && `${formatTime(run.removed.at)}: ${run.removed.reasons.join(', ')}`],
    ['execution', run.console ?? run.executionArn],
  ]);
}

function describeTests({ tested }: RunDocument): string {
  if (!tested) return 'never: no restore of it was ever tried';
  const { outcome, at, seconds, failure, checks } = tested;
  return [
    `${outcome} (${formatTime(at)})`,
    ...(failure ? [`${failure.code}: ${failure.message}`] : []),
    ...(seconds === null ? [] : [`recovery took ${formatDuration(seconds * 1000)}`]),
    ...(checks.length > 0 ? [countOf(checks.length, 'check')] : []),
  ].join(', ');
}

function describeRemark({ by, why, at }: Remark): string {
  return `${why} (${by}, ${formatTime(at)})`;
}

function duration({ startedAt, finishedAt }: RunDocument): string {
  return finishedAt === null ? '' : formatDuration(Date.parse(finishedAt) - Date.parse(startedAt));
}

function describeSnapshot({ identifier, kind, sizeGiB, status }: Snapshot): string {
  return `${identifier} (${kind}, ${sizeGiB} GiB, ${status})`;
}

function renderFailure({ failure, failedDatabases, status }: RunDocument): string {
  if (failure === null) return '';
  const others = failedDatabases.filter((each) => each.failure.message !== failure.message);
  const lines = [
    `${failure.code}: ${printableText(failure.message)}`,
    ...others.map(
      (each) =>
        `database ${printableLine(each.database)}: ${each.failure.code}: ${printableText(each.failure.message)}`,
    ),
    `hint: ${failure.hint}`,
  ];
  return `Why it ${status === 'aborted' ? 'was stopped' : 'failed'}\n${indent(lines.join('\n'))}`;
}

function renderVerification({ verification, status, dumps }: RunDocument): string {
  if (verification) {
    return `Verified\n${indent(
      `${verification.by}, which cannot write to the bucket, compared checksum and size of ${countOf(verification.objects, 'object')}\n` +
        `in S3 with what the worker had sent: all equal (${formatTime(verification.at)})`,
    )}`;
  }
  return status === 'running' || dumps.length === 0 ? '' : 'NOT verified';
}

const OBJECT_COLUMNS: readonly Column[] = [
  { title: 'ROLE' },
  { title: 'SIZE', align: 'right' },
  { title: 'CLASS' },
  { title: 'CRC32' },
  { title: 'SHA-256' },
  { title: 'KEY' },
];

function renderDump(dump: DumpDocument, bucket: string): string {
  const { database, client, snapshotAt, totals, objects, warnings, restore } = dump;
  const content = [
    countOf(totals.tables, 'table'),
    countOf(totals.rows, 'row'),
    ...(totals.largeObjects > 0 ? [countOf(totals.largeObjects, 'large object')] : []),
    formatBytes(dump.sizeBytes),
  ].join(', ');
  const objectRows = objects.map(({ role, sizeBytes, storageClass, checksum, sha256, key }) => [
    role,
    formatBytes(sizeBytes),
    describeClass(storageClass),
    checksum.value,
    sha256,
    key,
  ]);
  const parts = [
    `${content}; data as of ${formatTime(snapshotAt)}, by ${client}`,
    table(OBJECT_COLUMNS, objectRows),
    ...warnings.map((warning) => `pg_dump warned: ${printableText(warning)}`),
    restore.length > 0
      ? `to restore it with stock tools (PGHOST, PGUSER and PGPASSWORD name the target):\n${indent(restore.map(printableLine).join('\n'))}`
      : `manifest.json in ${bucket} is missing, and with it the restore commands`,
  ];
  return `Database ${printableLine(database)}\n${indent(parts.join('\n'))}`;
}

const SUMMARY_COLUMNS: readonly Column[] = [
  { title: 'DATABASE' },
  { title: 'TABLES', align: 'right' },
  { title: 'ROWS', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'VERIFIED' },
  { title: 'SNAPSHOT' },
];

/** The end of a run in one line, and what it left: one row a database, whether it was dumped or not. */
export function renderOutcome(run: RunDocument): string {
  const end = `${printableLine(run.run)}: ${describeResult(run)} after ${duration(run)}`;
  return run.verdict === null ? end : `${end}\n\n${renderDatabases(run)}`;
}

function renderDatabases(run: RunDocument): string {
  const snapshot = run.snapshot?.identifier ?? '-';
  const verified = run.verification ? 'yes' : 'no';
  const rows = [
    ...run.dumps.map(({ database, totals, sizeBytes }) => [
      database,
      formatCount(totals.tables),
      formatCount(totals.rows),
      formatBytes(sizeBytes),
      verified,
      snapshot,
    ]),
    ...run.failedDatabases.map(({ database, failure }) => [database, '-', '-', '-', `NO: ${failure.code}`, snapshot]),
  ];
  const none = ['-', '-', '-', '-', 'no dump', snapshot];
  return table(SUMMARY_COLUMNS, rows.length > 0 ? rows : [none]);
}
