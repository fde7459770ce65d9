/** Watches a run until it ends: what Step Functions says of its states, and what the worker says of its bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findExecution, stateChangesAfter, type ExecutionState, type StateChange } from '../aws/executions.ts';
import { findActive, findRunKey } from '../aws/recovery-points.ts';
import { HoldfastError } from '../core/errors.ts';
import { activeKey } from '../core/keys.ts';
import type { Progress } from '../core/run-record.ts';
import type { RunDisplay } from './run-display.ts';

export interface FollowedRun {
  readonly run: string;
  readonly executionArn: string;
  readonly table: string;
  /** undefined: the machine chooses it, and the run's record tells. */
  readonly source: string | undefined;
}

/** Well within the rates that Step Functions allows for one account, even when several people wait. */
const POLL_MS = 1000;

/** States in which something happens; the others are passed in no time. */
const SHOWN_TYPES = ['Task', 'Parallel', 'Wait'];

/**
 * @param signal ends the waiting, not the run
 * @returns the execution as it ended
 * @throws AbortError after the signal; whatever the SDK throws when AWS is out of reach
 */
export async function followRun(run: FollowedRun, display: RunDisplay, signal: AbortSignal): Promise<ExecutionState> {
  const states = new StateTracker();
  const speed = new Speedometer();
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
    const bytesPerSecond = progress && speed.measure(progress);
    display.show({ elapsedMs: elapsed(Date.now()), states: states.current(), progress, bytesPerSecond });
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function findProgress({ table, run }: FollowedRun, partition: string | undefined): Promise<Progress | undefined> {
  const active = partition === undefined ? undefined : await findActive(table, partition);
  return active?.run === run ? active.progress : undefined;
}

class StateTracker {
  lastId = 0;
  /** How often each was entered and not left: the branches of a Parallel are inside at the same time. */
  readonly #inside = new Map<string, { readonly type: string; count: number }>();

  /** @returns those that were entered and are worth a line */
  add(changes: readonly StateChange[]): StateChange[] {
    for (const { id, state, type, kind } of changes) {
      this.lastId = Math.max(this.lastId, id);
      const entry = this.#inside.get(state) ?? { type, count: 0 };
      entry.count += kind === 'entered' ? 1 : -1;
      this.#inside.set(state, entry);
    }
    return changes.filter(({ kind, type }) => kind === 'entered' && SHOWN_TYPES.includes(type));
  }

  /** A Parallel is named only while none of its branches' states is known. */
  current(): string[] {
    const inside = [...this.#inside].filter(([, { type, count }]) => count > 0 && SHOWN_TYPES.includes(type));
    const inner = inside.filter(([, { type }]) => type !== 'Parallel');
    return (inner.length > 0 ? inner : inside).map(([state]) => state);
  }
}

class Speedometer {
  #last: Progress | undefined;
  #bytesPerSecond: number | undefined;

  /** @returns undefined until the worker has reported twice */
  measure(progress: Progress): number | undefined {
    const seconds = this.#last ? (Date.parse(progress.at) - Date.parse(this.#last.at)) / 1000 : 0;
    if (this.#last && seconds > 0) {
      this.#bytesPerSecond = Math.max(0, progress.bytesUploaded - this.#last.bytesUploaded) / seconds;
    }
    if (!this.#last || seconds > 0) this.#last = progress;
    return this.#bytesPerSecond;
  }
}
