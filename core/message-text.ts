/** The body of a mail about a run. */
import { consoleUrl } from './console-url.ts';
import { ERRORS, type ErrorCode, type Failure } from './errors.ts';
import { countOf, formatBytes, formatDuration, formatTime } from './format.ts';
import { runPrefix, UNKNOWN_SOURCE } from './keys.ts';
import type { DatabaseDump } from './manifest.ts';
import type { LatestPoint, MessageInput } from './message-input.ts';
import type { Trigger } from './run-input.ts';
import type { RunRow } from './run-record.ts';

/** A mail lists so many of anything; the manifest has them all. */
const LISTED_MAX = 30;
const FAILURE_MAX_CHARS = 2000;

/** Refused before anything was started: there is nothing to clean up and nothing half-done. */
const REFUSALS: readonly ErrorCode[] = ['InvalidInput', 'InvalidConfig', 'SourceNotFound', 'RunInProgress'];

const STARTED_BY: Readonly<Record<Trigger, string>> = {
  schedule: 'its schedule',
  manual: 'a person',
  cli: 'the holdfast command',
  ci: 'a CI job',
};

export function composeText(input: MessageInput): string {
  const { run } = input;
  const sections = [
    headline(run),
    facts(input),
    run.status === 'running' ? '' : why(run),
    run.status === 'running' ? '' : leftByRun(input),
    verification(run),
    warnings(run.dumps ?? []),
    isVerifiedPoint(run) || run.status === 'running' ? '' : protection(input),
    whatToDo(run),
    link(run),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function isVerifiedPoint({ status, verdict }: RunRow): boolean {
  return status === 'succeeded' && verdict === 'verified';
}

function headline(run: RunRow): string {
  const of = run.source === UNKNOWN_SOURCE ? 'A backup' : `The backup of ${run.source}`;
  const dumps = run.dumps ?? [];
  switch (run.status) {
    case 'running':
      return `${of} has started.`;
    case 'aborted':
      return `${of} was stopped from outside. ${remains(run)}`;
    case 'succeeded':
      return run.verdict === 'snapshot-only'
        ? `${of} made an RDS snapshot. No database was dumped, as asked: this run is no verified recovery point.`
        : `${of} succeeded: ${countOf(dumps.length, 'database')} dumped and verified${run.snapshot ? ', RDS snapshot available' : ''}.`;
    case 'failed':
      if (run.failure && REFUSALS.includes(run.failure.code)) return `${of} was refused. Nothing was started.`;
      return `${of} FAILED. ${remains(run)}`;
  }
}

function remains({ verdict }: RunRow): string {
  if (verdict === 'partial') return 'Only a part of it exists.';
  if (verdict === 'suspect') return 'Its dump is kept, but suspect: it does not count until a person accepts it.';
  return 'This run left no backup.';
}

function facts({ run, now }: MessageInput): string {
  const { startedAt, finishedAt } = run;
  const duration = formatDuration(Date.parse(finishedAt ?? now.toISOString()) - Date.parse(startedAt));
  return table([
    ['Source', run.source === UNKNOWN_SOURCE ? 'none that is configured' : run.source],
    ['Run', run.run],
    ['Label', run.label ?? ''],
    ['Started by', STARTED_BY[run.trigger]],
    ['Started', formatTime(startedAt)],
    ['Finished', finishedAt === undefined ? '' : `${formatTime(finishedAt)}, after ${duration}`],
    ['Server', run.server ? `PostgreSQL ${run.server.version}` : ''],
  ]);
}

function why({ failure, failedDatabases = [] }: RunRow): string {
  if (failure === undefined) return '';
  // Where each database has its own reason, the run's is the first of them.
  const parts = failedDatabases.filter((part) => part.failure.message !== failure.message);
  return section('Why', [
    ...describeFailure(failure),
    ...listed(parts.flatMap((part) => describeFailure(part.failure, `database ${part.database}: `))),
  ]);
}

function describeFailure({ code, message }: Failure, of = ''): string[] {
  const text = message.length > FAILURE_MAX_CHARS ? `${message.slice(0, FAILURE_MAX_CHARS)}…` : message;
  return `${of}${code}: ${text}`.split('\n').map((line, index) => (index === 0 ? line : `  ${line}`));
}

function leftByRun({ run, bucket }: MessageInput): string {
  const { snapshot, dumps = [] } = run;
  if (dumps.length === 0 && !snapshot) return '';
  const prefix = `${bucket === undefined ? '' : `s3://${bucket}/`}${runPrefix(run)}`;
  return section('What this run left', [
    ...listed(dumps.map(describeDump)),
    ...(dumps.length > 0 ? [`objects: ${prefix}`] : []),
    ...(snapshot ? [`RDS snapshot ${snapshot.identifier}: ${snapshot.kind}, ${snapshot.sizeGiB} GiB, available`] : []),
    ...missingParts(run),
  ]);
}

/** What was due and is not there. */
function missingParts({ verdict, snapshot, dumps = [], failedDatabases = [] }: RunRow): string[] {
  if (verdict !== 'partial') return [];
  if (failedDatabases.length > 0)
    return listed(failedDatabases.map(({ database }) => `NO dump of database ${database}`));
  return [...(dumps.length === 0 ? ['NO dump'] : []), ...(snapshot ? [] : ['NO RDS snapshot'])];
}

function describeDump({ database, objects, totals }: DatabaseDump): string {
  const sizeBytes = objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  const content = [
    countOf(totals.tables, 'table'),
    countOf(totals.rows, 'row'),
    ...(totals.largeObjects > 0 ? [countOf(totals.largeObjects, 'large object')] : []),
    `${formatBytes(sizeBytes)} in ${countOf(objects.length, 'object')}`,
  ];
  return `database ${database}: ${content.join(', ')}`;
}

/** Who compared what with what: the reason to believe the rest of the mail. */
function verification({ verification: verified }: RunRow): string {
  if (!verified) return '';
  return section('Verified', [
    `${verified.by}, which cannot write to the bucket, compared the checksum, its type and the size`,
    `that S3 stores for ${countOf(verified.objects, 'object')} with what the worker had sent: all equal`,
    `(${formatTime(verified.at)}).`,
  ]);
}

function warnings(dumps: readonly DatabaseDump[]): string {
  const lines = dumps.flatMap(({ database, warnings: texts }) => texts.map((text) => `database ${database}: ${text}`));
  return lines.length === 0 ? '' : section('pg_dump warned', listed(lines));
}

function protection({ run, latest, now }: MessageInput): string {
  if (run.source === UNKNOWN_SOURCE) return '';
  return section('What still protects the data', [
    ...(run.verdict === 'partial' ? ['the part of this run listed above, and'] : []),
    ...(latest ? describeLatest(latest, now) : describeNothing(run)),
  ]);
}

function describeLatest({ run, startedAt, finishedAt }: LatestPoint, now: Date): string[] {
  return [
    `the newest verified recovery point: run ${run}`,
    `  started ${formatTime(startedAt)}, finished ${formatTime(finishedAt)}`,
    `  ${formatDuration(now.getTime() - Date.parse(startedAt))} old: later changes are in no verified backup`,
  ];
}

function describeNothing({ source }: RunRow): string[] {
  return [
    `NOTHING: ${source} has no verified recovery point.`,
    'Until a run succeeds, its databases cannot be restored from a verified dump.',
  ];
}

function whatToDo(run: RunRow): string {
  if (run.status === 'running') return '';
  if (isVerifiedPoint(run)) return section('What to do', ['Nothing.']);
  if (run.status === 'succeeded') return section('What to do', ['Run a backup with a dump when one is due.']);
  const hint = run.failure ? ERRORS[run.failure.code].hint : 'read the execution';
  return section('What to do', [`${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`]);
}

function link({ executionArn }: RunRow): string {
  const url = consoleUrl(executionArn);
  return section('Execution', [url ?? executionArn]);
}

function section(title: string, lines: readonly string[]): string {
  return `${title}\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `  ${name.padEnd(12)}${value}`)
    .join('\n');
}

function listed(lines: readonly string[]): string[] {
  if (lines.length <= LISTED_MAX) return [...lines];
  return [...lines.slice(0, LISTED_MAX), `and ${lines.length - LISTED_MAX} more, which the manifest lists`];
}
