import { describe, expect, test } from '@jest/globals';
import { backoffMs, isRetryable, withRetries } from '../../../worker/retry.ts';

const answer = (httpStatusCode: number, name = 'Some'): Error =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
const limits = { giveUpAfterMs: 60_000, attemptTimeoutMs: 60_000 };

describe('isRetryable', () => {
  test.each([
    ['no answer', new Error('socket hang up'), true],
    ['500', answer(500), true],
    ['503 SlowDown', answer(503), true],
    ['429', answer(429), true],
    ['a body damaged on its way', answer(400, 'BadDigest'), true],
    ['403', answer(403), false],
    ['404 NoSuchUpload', answer(404, 'NoSuchUpload'), false],
    ['412', answer(412), false],
  ])('%s', (_, error, expected) => {
    expect(isRetryable(error)).toBe(expected);
  });
});

test('pauses double up to 8 s, and are spread over all of that', () => {
  const longest = 1 - Number.EPSILON;
  expect([1, 2, 3, 4, 5, 6, 50].map((failed) => Math.round(backoffMs(failed, longest)))).toEqual([
    400, 800, 1600, 3200, 6400, 8000, 8000,
  ]);
  expect(backoffMs(3, 0)).toBe(0);
  expect(backoffMs(3, 0.5)).toBe(800);
});

describe('withRetries', () => {
  test('repeats until it works', async () => {
    const numbers: number[] = [];
    const result = await withRetries(limits, (_, number) => {
      numbers.push(number);
      return number < 3 ? Promise.reject(answer(503)) : Promise.resolve('done');
    });
    expect(result).toBe('done');
    expect(numbers).toEqual([1, 2, 3]);
  });

  test('does not repeat what cannot get better', async () => {
    let attempts = 0;
    const attempt = (): Promise<never> => {
      attempts += 1;
      return Promise.reject(answer(403));
    };
    await expect(withRetries(limits, attempt)).rejects.toThrow('Some');
    expect(attempts).toBe(1);
  });

  test('gives up with the last error', async () => {
    const attempt = (_: AbortSignal, number: number): Promise<never> => Promise.reject(new Error(`attempt ${number}`));
    await expect(withRetries({ ...limits, giveUpAfterMs: 0 }, attempt)).rejects.toThrow('attempt 1');
  });

  test('ends with the reason of its signal', async () => {
    const abort = new AbortController();
    const running = withRetries({ ...limits, signal: abort.signal }, () => Promise.reject(answer(503)));
    abort.abort(new Error('the end'));
    await expect(running).rejects.toThrow('the end');
  });
});
