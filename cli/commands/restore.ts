/** `holdfast restore` and `holdfast restore-test`: start the machine, and wait for its end where that is asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startExecution, type ExecutionState } from '../../aws/executions.ts';
import { findRestoringByName } from '../../aws/recovery-points.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { RestoreInput, RestoreTestInput } from '../../core/restore-input.ts';
import type { RestoringRow } from '../../core/restore-record.ts';
import type { PlannedRestore } from '../../core/restore-steps.ts';
import type { Context } from '../context.ts';
import { consoleLink } from '../documents.ts';
import { failureOfExecution } from '../execution-failure.ts';
import { followRun, progressOfRestoring } from '../follow-run.ts';
import { problemOf, withHint, type Problem } from '../problem.ts';
import { describeRestoring, type RestoreDocument } from '../restore-documents.ts';
import { renderPlan, renderRestoring } from '../render-restore.ts';
import type { Result } from '../result.ts';
import { runName } from '../run-name.ts';
import { facts } from '../tables.ts';

/** The index that finds a row by its name lags behind the table, and the backstop behind a stopped execution. */
const RECORD_PATIENCE_MS = 10_000;
const RECORD_POLL_MS = 500;

interface Started {
  readonly kind: RestoringRow['kind'];
  readonly run: string;
  readonly source: string;
  readonly executionArn: string;
}

/** @param wait a dry run is waited for in any case: it takes a second, and its plan is its point */
export async function restore(input: RestoreInput, wait: boolean, context: Context): Promise<Result> {
  return start('restore', context.deployment.restoreMachineArn, input, wait || input.dryRun, context);
}

export async function restoreTest(input: RestoreTestInput, wait: boolean, context: Context): Promise<Result> {
  return start('restore-test', context.deployment.restoreTestMachineArn, input, wait, context);
}

async function start(
  kind: Started['kind'],
  machineArn: string,
  input: RestoreInput | RestoreTestInput,
  wait: boolean,
  context: Context,
): Promise<Result> {
  // From before the start: an interrupted start must still tell the name.
  const interrupted = wait ? context.catchInterrupt() : undefined;
  const source = input.source ?? '';
  const run = runName(`${source}-${kind}`, new Date());
  const started = { kind, run, source, executionArn: await startExecution(machineArn, run, input) };
  if (!interrupted) return { document: runningDocument(started), text: describeStart(started) };
  return waitForEnd(started, context, interrupted);
}

async function waitForEnd(started: Started, context: Context, interrupted: AbortSignal): Promise<Result> {
  const { display, deployment } = context;
  display.note(`started ${started.run}`);
  try {
    const progress = progressOfRestoring(deployment.table, started.run);
    const execution = await followRun(started.executionArn, progress, display, interrupted);
    display.end();
    return await resultOf(started, execution, context);
  } catch (error) {
    display.end();
    const problem = interrupted.aborted ? stoppedWaiting(started) : problemOf(error);
    return { document: runningDocument(started), text: '', problem };
  }
}

async function resultOf(started: Started, execution: ExecutionState, { deployment }: Context): Promise<Result> {
  const planned = plannedBy(execution);
  if (planned) {
    return { document: { ...runningDocument(started), status: 'planned', plan: planned }, text: renderPlan(planned) };
  }
  const row = await closedRow(started.run, deployment.table);
  if (!row && execution.status === 'SUCCEEDED') {
    throw new HoldfastError('UnexpectedError', `${started.run} succeeded, but the table has no record of it`);
  }
  // What is recorded stands, also where the execution was stopped before it could announce that.
  const failure = row?.status === 'succeeded' ? undefined : (row?.failure ?? failureOfExecution(execution));
  const document = row ? describeRestoring(row) : unrecordedDocument(started, execution);
  return { document, text: renderRestoring(document), ...(failure && { problem: withHint(failure) }) };
}

/** The end that Step Functions tells of, where the table does not. */
function unrecordedDocument(started: Started, { status }: ExecutionState): RestoreDocument {
  return { ...runningDocument(started), status: status === 'ABORTED' ? 'aborted' : 'failed' };
}

function plannedBy({ status, output }: ExecutionState): PlannedRestore | undefined {
  if (status !== 'SUCCEEDED' || output === undefined) return undefined;
  const parsed = JSON.parse(output) as Partial<PlannedRestore>;
  return parsed.dryRun === true ? (parsed as PlannedRestore) : undefined;
}

/** The row, closed; as it is when it stays open, and undefined when there is none. */
async function closedRow(run: string, table: string): Promise<RestoringRow | undefined> {
  for (const deadline = Date.now() + RECORD_PATIENCE_MS; ;) {
    const row = await findRestoringByName(table, run);
    if ((row && row.status !== 'running') || Date.now() > deadline) return row;
    await sleep(RECORD_POLL_MS);
  }
}

function runningDocument({ kind, run, source, executionArn }: Started): RestoreDocument {
  return {
    kind,
    source,
    run,
    trigger: 'cli',
    executionArn,
    console: consoleLink(executionArn),
    startedAt: new Date().toISOString(),
    finishedAt: null,
    point: null,
    target: null,
    targetState: null,
    seconds: null,
    rtoSeconds: null,
    rtoExceeded: false,
    checks: [],
    status: 'running',
    databases: [],
    plan: null,
  };
}

function describeStart(started: Started): string {
  return `started ${started.run}\n\n${facts([
    ['in the console', consoleLink(started.executionArn)],
    ['stop it with', stopCommand(started)],
  ])}`;
}

function stoppedWaiting(started: Started): Problem {
  return {
    code: 'Cancelled',
    message: `stopped waiting, but ${started.run} goes on`,
    hint: `its end comes by mail; stop it with ${stopCommand(started)}`,
  };
}

const stopCommand = ({ executionArn }: Started): string =>
  `aws stepfunctions stop-execution --execution-arn ${executionArn}`;
