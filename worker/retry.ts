/** Repeats a request to AWS beyond what the SDK does by itself: an endpoint may be gone for a minute. */
import { setTimeout as sleep } from 'node:timers/promises';

const DELAY_FIRST_MS = 200;
const DELAY_MAX_MS = 8_000;

export interface RetryLimits {
  /** No attempt begins later than this after the first. */
  readonly giveUpAfterMs: number;
  /** An attempt that takes longer is abandoned and counts as failed. */
  readonly attemptTimeoutMs: number;
  /** Ends attempts and pauses; the call then rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Whether a repetition may help; default: `isRetryable`. */
  readonly retryable?: (error: unknown) => boolean;
}

/**
 * @param attempt gets the signal for its request, which is aborted after it has failed, and its number, from 1
 * @throws the last error, or at once one that no repetition changes
 */
export async function withRetries<Result>(
  { giveUpAfterMs, attemptTimeoutMs, signal, retryable = isRetryable }: RetryLimits,
  attempt: (abortSignal: AbortSignal, number: number) => Promise<Result>,
): Promise<Result> {
  const lastStart = Date.now() + giveUpAfterMs;
  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    try {
      return await bounded(attempt, number, attemptTimeoutMs, signal);
    } catch (error) {
      signal?.throwIfAborted();
      const delayMs = backoffMs(number);
      if (!retryable(error) || Date.now() + delayMs > lastStart) throw error;
      await pause(delayMs, signal);
    }
  }
}

/**
 * Doubles with each attempt, up to 8 s, and is spread over all of that ("full jitter"), so that many who failed together do not
 * come back together: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @param failed attempts so far, from 1
 * @param random as Math.random gives it
 */
export function backoffMs(failed: number, random = Math.random()): number {
  return random * Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** failed);
}

/**
 * One attempt. When it has failed nothing of it goes on: S3 may answer long before it has been sent all of a body, and
 * the SDK then fails while the rest is still being sent.
 */
async function bounded<Result>(
  attempt: (abortSignal: AbortSignal, number: number) => Promise<Result>,
  number: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  const tooLate = new Error(`no answer within ${timeoutMs} ms`);
  const timer = setTimeout(() => {
    ending.abort(tooLate);
  }, timeoutMs);
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await attempt(ending.signal, number);
  } catch (error) {
    // The SDK says only that it was aborted.
    const reason: unknown = ending.signal.reason === tooLate ? tooLate : error;
    ending.abort();
    throw reason;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

export interface AttemptLimits {
  readonly timeoutMs: number;
  /** The call rejects with its reason. */
  readonly signal: AbortSignal;
}

/** One attempt, beyond which only the SDK repeats anything. @throws what it throws, or the signal's reason */
export async function withinTimeout<Result>(
  { timeoutMs, signal }: AttemptLimits,
  attempt: (abortSignal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  try {
    return await bounded(attempt, 1, timeoutMs, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Client errors of HTTP that pass by themselves: timeouts, throttling, a body that was damaged on its way. */
const PASSING = new Set(['RequestTimeout', 'BadDigest', 'XAmzContentSHA256Mismatch', 'RequestTimeTooSkewed']);

export function isRetryable(error: unknown): boolean {
  const status = httpStatus(error);
  if (status === undefined) return true; // no answer: the network, or an attempt that took too long
  if (status >= 500 || status === 408 || status === 429) return true;
  return error instanceof Error && PASSING.has(error.name);
}

/** Of an answer of AWS; undefined when there was none. */
export function httpStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const { httpStatusCode } = (error.$metadata ?? {}) as { readonly httpStatusCode?: number };
  return httpStatusCode;
}
