/** What a run that somebody waited for has come to. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { ExecutionState } from '../aws/executions.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { consoleLink, type BackupDocument, type RunDocument } from './documents.ts';
import { failureOfExecution } from './execution-failure.ts';
import { loadRun, type LoadedRun } from './load-run.ts';
import { withHint, type Problem } from './problem.ts';
import { renderOutcome } from './render-run.ts';
import type { Result } from './result.ts';
import type { StartedRun } from './started-run.ts';

/** The index that finds a run by its name lags behind the table, and the backstop behind a stopped execution. */
const RECORD_PATIENCE_MS = 10_000;
const RECORD_POLL_MS = 500;

const DuplicateOutput = z.looseObject({ duplicateOf: z.string() });

export async function resultOfRun(started: StartedRun, execution: ExecutionState, context: Context): Promise<Result> {
  const duplicateOf = duplicateIn(execution);
  if (duplicateOf !== null) return duplicate(started, duplicateOf);
  const loaded = await loadClosedRun(started, context);
  const problem = execution.status === 'SUCCEEDED' ? undefined : problemOfEnd(execution, loaded?.document);
  if (!problem && !loaded) {
    throw new HoldfastError('UnexpectedError', `run ${started.run} succeeded, but the table has no record of it`);
  }
  const record = loaded && loaded.document.verdict !== null ? loaded.document : null;
  return {
    document: endDocument(started, execution, loaded?.document, record),
    text: renderEnd(started, loaded?.document, context),
    warnings: loaded?.warnings ?? [],
    ...(problem && { problem }),
  };
}

function renderEnd({ run }: StartedRun, document: RunDocument | undefined, { commandLine }: Context): string {
  const end = document ? renderOutcome(document) : `${run} has ended without a record`;
  return document === undefined || document.verdict === null ? end : `${end}\n\nsee ${commandLine(`show ${run}`)}`;
}

function duplicateIn({ status, output }: ExecutionState): string | null {
  if (status !== 'SUCCEEDED' || output === undefined) return null;
  return DuplicateOutput.safeParse(JSON.parse(output)).data?.duplicateOf ?? null;
}

function duplicate(started: StartedRun, duplicateOf: string): Result {
  return {
    document: { ...endDocument(started, undefined, undefined, null), status: 'duplicate', duplicateOf },
    text: `${started.run}: duplicate: its scheduled slot is done by ${duplicateOf}, so nothing else was started`,
  };
}

/** The run's record, closed; as it is when it stays open, and undefined when it has none. */
async function loadClosedRun({ run }: StartedRun, { deployment }: Context): Promise<LoadedRun | undefined> {
  for (const deadline = Date.now() + RECORD_PATIENCE_MS; ;) {
    const loaded = await loadRun(deployment, run);
    if ((loaded && loaded.document.status !== 'running') || Date.now() > deadline) return loaded;
    await sleep(RECORD_POLL_MS);
  }
}

/** The record has the whole message; Step Functions cuts a long cause off. */
function problemOfEnd(execution: ExecutionState, run: RunDocument | undefined): Problem {
  return run?.failure ?? withHint(failureOfExecution(execution));
}

function endDocument(
  { run, source, executionArn }: StartedRun,
  execution: ExecutionState | undefined,
  document: RunDocument | undefined,
  recoveryPoint: RunDocument | null,
): BackupDocument {
  return {
    run,
    source: document ? document.source : (source ?? null),
    executionArn,
    console: consoleLink(executionArn),
    status: statusOf(execution?.status),
    verdict: document?.verdict ?? null,
    duplicateOf: null,
    recoveryPoint,
  };
}

function statusOf(status: ExecutionState['status'] | undefined): BackupDocument['status'] {
  if (status === 'ABORTED') return 'aborted';
  return status === 'FAILED' || status === 'TIMED_OUT' ? 'failed' : 'succeeded';
}
