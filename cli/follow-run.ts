/** Watches an execution until it ends: what Step Functions says of its states, and what the worker says of its bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findExecution, stateChangesAfter, type ExecutionState } from '../aws/executions.ts';
import { findActive, findRestoringByName, findRunKey } from '../aws/recovery-points.ts';
import { HoldfastError } from '../core/errors.ts';
import { activeKey } from '../core/keys.ts';
import type { RunDisplay } from './run-display.ts';
import { StateTracker } from './run-progress.ts';
import type { WorkProgress } from './run-view.ts';

/** @returns what the worker of an execution says of itself; undefined while it says nothing */
export type FindProgress = () => Promise<WorkProgress | undefined>;

/** Well within the rates that Step Functions allows for one account, even when several people wait. */
const POLL_MS = 1000;

/**
 * @param signal ends the waiting, not the run
 * @returns the execution as it ended
 * @throws AbortError after the signal; whatever the SDK throws when AWS is out of reach
 */
export async function followRun(
  executionArn: string,
  findProgress: FindProgress,
  display: RunDisplay,
  signal: AbortSignal,
): Promise<ExecutionState> {
  const states = new StateTracker();
  for (;;) {
    const execution = await findExecution(executionArn);
    if (!execution) throw new HoldfastError('UnexpectedError', `execution ${executionArn} has vanished`);
    const elapsed = (time: number): number => time - Date.parse(execution.startedAt);
    for (const change of states.add(await stateChangesAfter(executionArn, states.lastId))) {
      display.entered(change.state, elapsed(Date.parse(change.at)));
    }
    if (!['RUNNING', 'PENDING_REDRIVE'].includes(execution.status)) return execution;
    const progress = await findProgress();
    display.show({ elapsedMs: elapsed(Date.now()), states: states.current(), progress });
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Of a backup; the claim on its source carries it. @param source undefined: the machine chooses it */
export function progressOfBackup(table: string, run: string, source: string | undefined): FindProgress {
  let partition = source === undefined ? undefined : activeKey(source).pk;
  return async () => {
    partition ??= (await findRunKey(table, run))?.pk;
    const active = partition === undefined ? undefined : await findActive(table, partition);
    return active?.run === run ? active.progress : undefined;
  };
}

/** Of a restore or a restore test; its own row carries it. */
export function progressOfRestoring(table: string, run: string): FindProgress {
  return async () => (await findRestoringByName(table, run))?.progress;
}
