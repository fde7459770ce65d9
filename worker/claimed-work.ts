/** What every worker does with its row: it claims it, keeps the claim, heeds its deadline, and records how it ended. */
import { createHash } from 'node:crypto';
import { beginAttempt, recordOutcome } from '../aws/run-store.ts';
import { HoldfastError } from '../core/errors.ts';
import type { WorkRow } from '../core/work-row.ts';
import { startLease, type ProgressReader } from './lease.ts';
import { withRetries } from './retry.ts';

const RECORD_GIVE_UP_MS = 60_000;
const RECORD_ATTEMPT_MS = 20_000;
/** What a timer of Node holds; a deadline further away is no deadline. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface Claim {
  readonly attempt: number;
  /** At most 63 bytes, as Postgres keeps; unique to this attempt, so that its sessions can be told from others. */
  readonly applicationName: string;
  readonly signal: AbortSignal;
  /** @throws Cancelled when the row is closed, owned by another, or its execution has ended */
  readonly confirm: () => Promise<void>;
}

/** What an outcome of any kind of work says of its worker. */
interface Times {
  readonly attempt: number;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/**
 * Works on a row under its claim, and stores the outcome. The work ends in a value, whatever happens to it.
 * @param cancel aborted when the claim is lost or the deadline is over
 * @throws Cancelled when the row is not open, or is closed before its outcome was recorded
 */
export async function workOnClaim<Ended>(
  row: WorkRow,
  deadline: string,
  progress: ProgressReader,
  cancel: AbortController,
  work: (claim: Claim) => Promise<Ended>,
  outcomeOf: (ended: Ended, times: Times) => Parameters<typeof recordOutcome>[1],
): Promise<Ended> {
  const attempt = await beginAttempt(row);
  const startedAt = new Date().toISOString();
  const lease = startLease(row, attempt, progress, (reason) => {
    cancel.abort(reason);
  });
  const timer = abortAtDeadline(deadline, cancel);
  const ended = await work({
    attempt,
    applicationName: applicationNameOf(row, attempt),
    signal: cancel.signal,
    confirm: () => lease.confirm(),
  });
  clearTimeout(timer);
  await lease.stop();
  const outcome = outcomeOf(ended, { attempt, startedAt, finishedAt: new Date().toISOString() });
  const limits = { giveUpAfterMs: RECORD_GIVE_UP_MS, attemptTimeoutMs: RECORD_ATTEMPT_MS };
  // Without a record the work counts as failed, whatever this process knows.
  const recorded = await withRetries(limits, (abortSignal) => recordOutcome(row, outcome, abortSignal));
  if (!recorded) throw new HoldfastError('Cancelled', `${row.run} was closed before its outcome was recorded`);
  return ended;
}

function applicationNameOf(row: WorkRow, attempt: number): string {
  const id = createHash('sha256').update(`${row.executionArn}/${attempt}`).digest('hex').slice(0, 12);
  return `holdfast ${row.source} ${id}`.slice(-63);
}

function abortAtDeadline(deadline: string, cancel: AbortController): NodeJS.Timeout {
  const remainingMs = Math.max(0, Date.parse(deadline) - Date.now());
  return setTimeout(
    () => {
      cancel.abort(new HoldfastError('DeadlineExceeded', `the work was not done at its deadline ${deadline}`));
    },
    Math.min(remainingMs, TIMER_MAX_MS),
  );
}
