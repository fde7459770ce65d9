/** What a restore or a restore test has to say: what was restored where, how long it took, and what is different. */
import { countOf, formatBytes, formatDuration, formatTime } from './format.ts';
import { UNKNOWN_SOURCE } from './keys.ts';
import type { MessageOutcome } from './message-input.ts';
import { describeFailure, hintOf, linkTo, listed, section, STARTED_BY, table } from './message-parts.ts';
import { subjectOf, type Message } from './messages.ts';
import { exceedsRto, toRestoreEvent } from './restore-event.ts';
import {
  NOT_COMPARED,
  type RestoredDatabase,
  type RestoreRow,
  type RestoreTestRow,
  type RestoringRow,
} from './restore-record.ts';

export interface RestoreMessageInput {
  readonly row: RestoringRow;
  readonly now: Date;
}

/** Composes the message about the row as it is: begun, or ended. Deterministic. */
export function composeRestoreMessage({ row, now }: RestoreMessageInput): Message {
  const outcome = row.status === 'running' ? 'started' : row.status;
  const sections = [
    headline(row),
    facts(row, now),
    why(row),
    row.kind === 'restore' ? whatBecameOfTarget(row) : '',
    restored(row),
    row.kind === 'restore-test' ? checks(row) : '',
    differences(row),
    whatToDo(row),
    linkTo(row.executionArn),
  ];
  return {
    subject: subjectOf(row.source, outcome, subjectDetail(row, outcome)),
    text: `${sections.filter((each) => each !== '').join('\n\n')}\n`,
    json: toRestoreEvent(row, outcome),
    attributes: { source: row.source, kind: row.kind, outcome },
  };
}

function subjectDetail(row: RestoringRow, outcome: MessageOutcome): string {
  const what = row.kind === 'restore' ? 'restore' : 'restore test';
  if (outcome === 'started') return what;
  if (outcome !== 'succeeded') return `${what}, ${row.failure?.code ?? 'UnexpectedError'}`;
  if (row.kind === 'restore') {
    return `restored ${row.plan?.database ?? ''} into ${row.outcome?.target?.database ?? ''}, ${seconds(secondsOf(row))}`;
  }
  const late = isLate(row) ? ', SLOWER than its target' : '';
  return `restore test passed, recovery took ${seconds(secondsOf(row))}${late}`;
}

/** Of a restore the time it took; of a test the recovery time that it measured. */
function secondsOf(row: RestoringRow): number | null {
  if (row.kind === 'restore-test') return row.outcome?.seconds ?? null;
  return row.outcome?.restored?.timings?.totalSeconds ?? null;
}

const seconds = (value: number | null): string => (value === null ? 'unknown' : formatDuration(value * 1000));

const isLate = (row: RestoreTestRow): boolean => exceedsRto(secondsOf(row), row.plan?.rtoSeconds ?? null);

function headline(row: RestoringRow): string {
  const name = row.source === UNKNOWN_SOURCE ? '' : ` of ${row.source}`;
  const what = row.kind === 'restore' ? `The restore${name}` : `The restore test${name}`;
  switch (row.status) {
    case 'running':
      return `${what} has started.`;
    case 'aborted':
      return `${what} was stopped from outside.`;
    case 'failed':
      return failedHeadline(row, what);
    case 'succeeded':
      return row.kind === 'restore'
        ? `${what} succeeded: the database is there and ${comparedTo(row)}.`
        : `${what} passed: the recovery point was restored, and is ${comparedTo(row)}.`;
  }
}

/** Of a row that succeeded. */
function comparedTo(row: RestoringRow): string {
  const differences = databasesOf(row).flatMap((database) => database.differences);
  const isInPart = differences.some(({ kind }) => kind === NOT_COMPARED);
  return isInPart
    ? 'whole, but NOT all of it could be compared: see what is different'
    : 'equal to what was recorded when it was dumped';
}

function failedHeadline(row: RestoringRow, what: string): string {
  if (row.failure?.code === 'Untestable') return `${what} could not be made. It proves nothing, neither good nor bad.`;
  if (row.plan === undefined) return `${what} was refused. Nothing was started.`;
  return `${what} FAILED.`;
}

function facts(row: RestoringRow, now: Date): string {
  const { startedAt, finishedAt } = row;
  const duration = formatDuration(Date.parse(finishedAt ?? now.toISOString()) - Date.parse(startedAt));
  const rto = row.kind === 'restore-test' ? (row.plan?.rtoSeconds ?? null) : null;
  return table([
    ['Source', row.source === UNKNOWN_SOURCE ? 'none that is configured' : row.source],
    ['Execution', row.run],
    ['From run', row.plan?.point.run ?? ''],
    ['Into', row.kind === 'restore' ? describeDestination(row) : ''],
    ['Thaw', row.kind === 'restore' ? (row.plan?.thaw?.summary ?? '') : ''],
    ['Started by', STARTED_BY[row.trigger]],
    ['Started', formatTime(startedAt)],
    ['Finished', finishedAt === undefined ? '' : `${formatTime(finishedAt)}, after ${duration}`],
    ['Server', row.outcome?.server ? `PostgreSQL ${row.outcome.server.version}` : ''],
    ['Recovery', row.kind === 'restore-test' && row.outcome ? describeRecovery(secondsOf(row), rto) : ''],
  ]);
}

function describeDestination({ plan, outcome }: RestoreRow): string {
  const name = plan?.to.name;
  const target = outcome?.target;
  if (target) return `${target.host}:${target.port}, database ${target.database}${name ? ` (target ${name})` : ''}`;
  return name ?? plan?.to.given.host ?? '';
}

function describeRecovery(measured: number | null, rto: number | null): string {
  if (measured === null) return 'not measured: it did not come that far';
  const target = rto === null ? '' : `, target ${seconds(rto)}${exceedsRto(measured, rto) ? ': EXCEEDED' : ''}`;
  return `${seconds(measured)} from the first byte to databases that can be used${target}`;
}

function why({ failure, status }: RestoringRow): string {
  return failure === undefined || status === 'running' ? '' : section('Why', describeFailure(failure));
}

/** The question after a failed restore: what is in the target now? */
function whatBecameOfTarget({ status, plan, outcome }: RestoreRow): string {
  if (status === 'running' || status === 'succeeded' || plan === undefined) return '';
  const lines = {
    untouched: ['It is as it was found: nothing was written.'],
    partial: ['It is PARTIAL: something was written, and not all. Do not use it; drop it and restore again.'],
    complete: ['All was written, but it is not what it should be: see above.'],
  };
  const unknown = ['Unknown: the worker left no outcome. Take it for partial.'];
  return section('The target', outcome ? lines[outcome.targetState] : unknown);
}

function restored(row: RestoringRow): string {
  const databases = databasesOf(row);
  if (databases.length === 0) return '';
  return section('What was restored and compared', listed(databases.map(describeDatabase)));
}

function databasesOf(row: RestoringRow): readonly RestoredDatabase[] {
  if (row.kind === 'restore-test') return row.outcome?.databases ?? [];
  return row.outcome?.restored ? [row.outcome.restored] : [];
}

function describeDatabase({ database, failure, timings, compared, bytesRead }: RestoredDatabase): string {
  if (failure) return `database ${database}: ${failure.code}`;
  const parts = [
    ...(compared ? [countOf(compared.tables, 'table'), countOf(compared.rows, 'row')] : ['not compared']),
    `${formatBytes(bytesRead)} read`,
    ...(timings ? [`${seconds(timings.totalSeconds)}, of it ${seconds(timings.indexSeconds)} for indexes`] : []),
  ];
  return `database ${database}: ${parts.join(', ')}`;
}

function checks({ outcome }: RestoreTestRow): string {
  const lines = (outcome?.checks ?? []).map(({ name, passed, got }) =>
    passed ? `passed: ${name}` : `FAILED: ${name}, got ${got ?? 'null'}`,
  );
  return lines.length === 0 ? '' : section('Checks', listed(lines));
}

function differences(row: RestoringRow): string {
  const databases = databasesOf(row);
  const omitted = databases.reduce((sum, database) => sum + database.differencesOmitted, 0);
  const lines = databases.flatMap(({ database, differences: found }) =>
    found.map(({ object, detail }) => `database ${database}: ${object}: ${detail}`),
  );
  if (lines.length === 0) return '';
  return section('Different, and allowed to be', [
    ...listed(lines),
    ...(omitted > 0 ? [`and ${omitted} more`] : []),
    ...(omitted > 0 || lines.some(isShortened) ? ["The worker's log names every object."] : []),
  ]);
}

/** By `groupDifferences`. */
const isShortened = (line: string): boolean => / and \d+ more: /.test(line);

function whatToDo(row: RestoringRow): string {
  if (row.status === 'running') return '';
  if (row.status !== 'succeeded') return section('What to do', [hintOf(row.failure)]);
  if (row.kind === 'restore-test' && isLate(row)) {
    return section('What to do', [
      'The recovery point is good, but a restore takes longer than restoreTest.rto allows:',
      'give the worker more cpu, dump with more jobs, or set a target that can be met.',
    ]);
  }
  return section('What to do', ['Nothing.']);
}
