/** `holdfast backup [source]`: starts a run, and waits for its end where that is asked for. */
import { startExecution } from '../../aws/executions.ts';
import type { RunInput } from '../../core/run-input.ts';
import { backupInput, type BackupArguments } from '../backup-input.ts';
import type { Context } from '../context.ts';
import { consoleLink, type BackupDocument } from '../documents.ts';
import { followRun, progressOfBackup } from '../follow-run.ts';
import { problemOf, type Problem } from '../problem.ts';
import type { Result } from '../result.ts';
import { resultOfRun } from '../run-end.ts';
import { runName } from '../run-name.ts';
import type { StartedRun } from '../started-run.ts';
import { facts } from '../tables.ts';

export interface BackupOptions extends BackupArguments {
  readonly wait: boolean;
}

/** @throws InvalidInput with every bad argument, before anything is started */
export function checkBackup(options: BackupOptions): RunInput {
  return backupInput(options, process.env);
}

export async function backup(input: RunInput, wait: boolean, context: Context): Promise<Result> {
  const { deployment } = context;
  // From before the start: an interrupted start must still tell the run's name.
  const interrupted = wait ? context.catchInterrupt() : undefined;
  const run = runName(input.source, new Date());
  const executionArn = await startExecution(deployment.backupMachineArn, run, input);
  const started: StartedRun = { run, source: input.source, executionArn };
  if (!interrupted) return { document: runningDocument(started), text: describeStart(started, context) };
  return waitForEnd(started, context, interrupted);
}

async function waitForEnd(started: StartedRun, context: Context, interrupted: AbortSignal): Promise<Result> {
  const { display, deployment } = context;
  display.note(`started ${started.run}`);
  try {
    const progress = progressOfBackup(deployment.table, started.run, started.source);
    const execution = await followRun(started.executionArn, progress, display, interrupted);
    display.end();
    return await resultOfRun(started, execution, context);
  } catch (error) {
    display.end();
    const problem = interrupted.aborted ? stoppedWaiting(started, context) : problemOf(error);
    return { document: runningDocument(started), text: interrupted.aborted ? '' : goesOn(started, context), problem };
  }
}

function runningDocument({ run, source, executionArn }: StartedRun): BackupDocument {
  return {
    run,
    source: source ?? null,
    executionArn,
    console: consoleLink(executionArn),
    status: 'running',
    verdict: null,
    duplicateOf: null,
    recoveryPoint: null,
  };
}

function describeStart(started: StartedRun, { commandLine }: Context): string {
  return `started ${started.run}\n\n${facts([
    ['follow it with', commandLine(`show ${started.run}`)],
    ['in the console', consoleLink(started.executionArn)],
    ['stop it with', stopCommand(started)],
  ])}`;
}

function goesOn({ run }: StartedRun, { commandLine }: Context): string {
  return `lost sight of ${run}: it may go on; look with ${commandLine(`show ${run}`)}`;
}

function stoppedWaiting(started: StartedRun, { commandLine }: Context): Problem {
  return {
    code: 'Cancelled',
    message: `stopped waiting, but run ${started.run} goes on`,
    hint: `follow it with ${commandLine(`show ${started.run}`)}; stop it with ${stopCommand(started)}`,
  };
}

const stopCommand = ({ executionArn }: StartedRun): string =>
  `aws stepfunctions stop-execution --execution-arn ${executionArn}`;
