/** Watches a run until it ends: what Step Functions says of its states, and what the worker says of its bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findExecution, stateChangesAfter, type ExecutionState } from '../aws/executions.ts';
import { findActive, findRunKey } from '../aws/recovery-points.ts';
import { HoldfastError } from '../core/errors.ts';
import { activeKey } from '../core/keys.ts';
import type { Progress } from '../core/run-record.ts';
import type { RunDisplay } from './run-display.ts';
import { StateTracker } from './run-progress.ts';

export interface FollowedRun {
  readonly run: string;
  readonly executionArn: string;
  readonly table: string;
  /** undefined: the machine chooses it, and the run's record tells. */
  readonly source: string | undefined;
}

/** Well within the rates that Step Functions allows for one account, even when several people wait. */
const POLL_MS = 1000;

/**
 * @param signal ends the waiting, not the run
 * @returns the execution as it ended
 * @throws AbortError after the signal; whatever the SDK throws when AWS is out of reach
 */
export async function followRun(run: FollowedRun, display: RunDisplay, signal: AbortSignal): Promise<ExecutionState> {
  const states = new StateTracker();
  let partition = run.source === undefined ? undefined : activeKey(run.source).pk;
  for (;;) {
    const execution = await findExecution(run.executionArn);
    if (!execution) throw new HoldfastError('UnexpectedError', `execution ${run.executionArn} has vanished`);
    const elapsed = (time: number): number => time - Date.parse(execution.startedAt);
    for (const change of states.add(await stateChangesAfter(run.executionArn, states.lastId))) {
      display.entered(change.state, elapsed(Date.parse(change.at)));
    }
    if (!['RUNNING', 'PENDING_REDRIVE'].includes(execution.status)) return execution;
    partition ??= (await findRunKey(run.table, run.run))?.pk;
    const progress = await findProgress(run, partition);
    display.show({ elapsedMs: elapsed(Date.now()), states: states.current(), progress });
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function findProgress({ table, run }: FollowedRun, partition: string | undefined): Promise<Progress | undefined> {
  const active = partition === undefined ? undefined : await findActive(table, partition);
  return active?.run === run ? active.progress : undefined;
}
