/** The worker's claim on its row: renewed while it works, asked for once more before anything becomes visible. */
import { setTimeout as sleep } from 'node:timers/promises';
import { executionIsRunning, renewClaim } from '../aws/run-store.ts';
import { HoldfastError, causeChain } from '../core/errors.ts';
import type { RestoreProgress } from '../core/restore-record.ts';
import type { Progress } from '../core/run-record.ts';
import type { WorkRow } from '../core/work-row.ts';
import { log } from './log.ts';
import { withRetries } from './retry.ts';

const BEAT_MS = 10_000;
/** A beat that gets no answer must not be the last one. */
const BEAT_TIMEOUT_MS = 10_000;
/** The first beats come sooner: somebody who started the run by hand is watching it. */
const FIRST_BEATS_MS = [500, 1_000, 2_000, 4_000];
const CONFIRM_GIVE_UP_MS = 60_000;
const CONFIRM_ATTEMPT_MS = 20_000;

export interface Lease {
  /** @throws Cancelled when the run is closed, owned by another, or its execution has ended */
  confirm(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProgressReader {
  read(): Progress | RestoreProgress;
}

/** @param onRefused called once, when the claim is lost for good */
export function startLease(
  run: WorkRow,
  attempt: number,
  progress: ProgressReader,
  onRefused: (reason: HoldfastError) => void,
): Lease {
  const stopped = new AbortController();
  const beats = beat(run, attempt, progress, stopped.signal, onRefused);
  return {
    confirm: () => confirm(run, attempt, progress),
    stop: async () => {
      stopped.abort();
      await beats;
    },
  };
}

async function beat(
  run: WorkRow,
  attempt: number,
  progress: ProgressReader,
  stopped: AbortSignal,
  onRefused: (reason: HoldfastError) => void,
): Promise<void> {
  const stopping = untilAborted(stopped);
  for (const beatMs of beatIntervals()) {
    await sleep(beatMs, undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
    try {
      if (
        (await Promise.race([
          renewClaim(run, attempt, progress.read(), AbortSignal.timeout(BEAT_TIMEOUT_MS)),
          stopping,
        ])) === 'refused'
      ) {
        onRefused(refused(run));
        return;
      }
    } catch (error) {
      // An answer that did not come proves nothing; the next beat asks again, and so does the commit.
      log('warn', 'the claim could not be renewed', { reason: causeChain(error) });
    }
  }
}

function* beatIntervals(): Generator<number> {
  yield* FIRST_BEATS_MS;
  for (;;) yield BEAT_MS;
}

function untilAborted(signal: AbortSignal): Promise<'stopped'> {
  return new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve('stopped');
      },
      { once: true },
    );
  });
}

async function confirm(run: WorkRow, attempt: number, progress: ProgressReader): Promise<void> {
  const limits = { giveUpAfterMs: CONFIRM_GIVE_UP_MS, attemptTimeoutMs: CONFIRM_ATTEMPT_MS };
  const claim = await withRetries(limits, (abortSignal) => renewClaim(run, attempt, progress.read(), abortSignal));
  if (claim === 'refused') throw refused(run);
  if (await withRetries(limits, (abortSignal) => executionIsRunning(run.executionArn, abortSignal))) return;
  throw new HoldfastError('Cancelled', `the execution of run ${run.run} has ended before its worker did`);
}

function refused(run: WorkRow): HoldfastError {
  return new HoldfastError('Cancelled', `run ${run.run} was closed, or its source ${run.source} is claimed by another`);
}
