/** The body of a mail about a run. */
import type { ErrorCode } from './errors.ts';
import { failedDatabasesOf } from './failed-databases.ts';
import { countOf, formatBytes, formatDuration, formatTime } from './format.ts';
import { runPrefix, UNKNOWN_SOURCE } from './keys.ts';
import type { DatabaseDump } from './manifest.ts';
import type { LatestPoint, MessageInput } from './message-input.ts';
import { describeFailure, hintOf, linkTo, listed, section, STARTED_BY, table } from './message-parts.ts';
import type { RunRow } from './run-record.ts';

/** Why a run is refused before anything is started. The worker raises some of them too, after the start. */
const REFUSALS: readonly ErrorCode[] = ['InvalidInput', 'InvalidConfig', 'SourceNotFound', 'RunInProgress'];

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
    linkTo(run.executionArn),
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
      if (wasRefused(run)) return `${of} was refused. Nothing was started.`;
      return `${of} FAILED. ${remains(run)}`;
  }
}

/** Never started: a run that has a plan may have made a snapshot, whatever the worker says of the configuration. */
function wasRefused({ failure, plan, verdict }: RunRow): boolean {
  const isStarted = plan !== undefined || verdict !== undefined;
  return failure !== undefined && !isStarted && REFUSALS.includes(failure.code);
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

function why(run: RunRow): string {
  const { failure } = run;
  if (failure === undefined) return '';
  const parts = failedDatabasesOf(run);
  // Where each database has its own reason, that of the run is the first of them.
  const isRepeated = parts.some(
    (part) => part.failure.code === failure.code && part.failure.message === failure.message,
  );
  return section('Why', [
    ...(isRepeated ? [] : describeFailure(failure)),
    ...listed(parts.flatMap((part) => describeFailure(part.failure, `database ${part.database}: `))),
  ]);
}

function leftByRun({ run, bucket }: MessageInput): string {
  const { snapshot, dumps = [] } = run;
  if (dumps.length === 0 && !snapshot) return '';
  const prefix = `${bucket === undefined ? '' : `s3://${bucket}/`}${runPrefix(run)}`;
  return section('What this run left', [
    ...listed(dumps.map((dump) => describeDump(dump, run.plan?.dump.evidence !== 'none'))),
    ...(dumps.length > 0 ? [`objects: ${prefix}`] : []),
    ...(snapshot ? [`RDS snapshot ${snapshot.identifier}: ${snapshot.kind}, ${snapshot.sizeGiB} GiB, available`] : []),
    ...missingParts(run),
  ]);
}

/** What was due and is not there. */
function missingParts(run: RunRow): string[] {
  const { verdict, snapshot, dumps = [] } = run;
  if (verdict !== 'partial') return [];
  const failedDatabases = failedDatabasesOf(run);
  if (failedDatabases.length > 0)
    return listed(failedDatabases.map(({ database }) => `NO dump of database ${database}`));
  return [...(dumps.length === 0 ? ['NO dump'] : []), ...(snapshot ? [] : ['NO RDS snapshot'])];
}

function describeDump({ database, objects, totals }: DatabaseDump, isCounted: boolean): string {
  const sizeBytes = objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  const content = [
    countOf(totals.tables, 'table'),
    isCounted ? countOf(totals.rows, 'row') : 'rows not counted',
    ...(totals.largeObjects > 0 ? [countOf(totals.largeObjects, 'large object')] : []),
    `${formatBytes(sizeBytes)} in ${countOf(objects.length, 'object')}`,
  ];
  return `database ${database}: ${content.join(', ')}`;
}

/** Who compared what with what: the reason to believe the rest of the mail. */
function verification({ verification: verified, dumps = [] }: RunRow): string {
  if (!verified || dumps.length === 0) return '';
  // Not verified.objects: the verifier also looked at the objects of databases that it refused.
  const objects = dumps.flatMap((dump) => dump.objects).length;
  return section('Verified', [
    `${verified.by}, which cannot write to the bucket, compared the checksum, its type and the size`,
    `that S3 stores for these ${countOf(objects, 'object')} with what the worker had sent: all are equal`,
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
    ...(run.verdict === 'partial' ? ['The part of this run that is listed above.'] : []),
    ...(latest ? describeLatest(latest, now) : describeNothing(run)),
  ]);
}

function describeLatest({ run, startedAt, finishedAt }: LatestPoint, now: Date): string[] {
  return [
    `The newest verified recovery point is run ${run},`,
    `started ${formatTime(startedAt)}, finished ${formatTime(finishedAt)}.`,
    `It is ${formatDuration(now.getTime() - Date.parse(startedAt))} old: what changed since is in no verified backup.`,
  ];
}

function describeNothing({ source }: RunRow): string[] {
  return [
    `NO verified recovery point of ${source} exists.`,
    'Until a run succeeds, no verified dump can bring its databases back.',
  ];
}

function whatToDo(run: RunRow): string {
  if (run.status === 'running') return '';
  if (isVerifiedPoint(run)) return section('What to do', ['Nothing.']);
  if (run.status === 'succeeded') return section('What to do', ['Run a backup with a dump when one is due.']);
  if (run.verdict === 'suspect') {
    return section('What to do', [
      'Find out where the data went. Only if that was meant, accept the dump:',
      `  npx holdfast accept ${run.run} --why "…"`,
    ]);
  }
  return section('What to do', [hintOf(run.failure)]);
}
