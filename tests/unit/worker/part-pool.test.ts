import { describe, expect, test } from '@jest/globals';
import { createPartPool } from '../../../worker/part-pool.ts';

const MEBIBYTE = 1024 ** 2;
const never = new AbortController().signal;

describe('the pool of part buffers', () => {
  test('gives no more than it has until one comes back, and that one again', async () => {
    const pool = createPartPool();
    const buffers = await Promise.all(Array.from({ length: 5 }, () => pool.acquire(MEBIBYTE, never)));
    let got: Buffer | undefined;
    const sixth = pool.acquire(MEBIBYTE, never).then((buffer) => (got = buffer));
    await new Promise(setImmediate);
    expect(got).toBeUndefined();
    const [first] = buffers;
    if (first) pool.release(first);
    expect(await sixth).toBe(first);
  });

  test('gives fewer of the large ones', async () => {
    const pool = createPartPool();
    await Promise.all([1, 2, 3].map(() => pool.acquire(128 * MEBIBYTE, never)));
    const aborted = AbortSignal.timeout(50);
    await expect(pool.acquire(128 * MEBIBYTE, aborted)).rejects.toThrow();
  });

  test('wakes everybody who waits when the dump ends', async () => {
    const pool = createPartPool();
    await Promise.all(Array.from({ length: 5 }, () => pool.acquire(MEBIBYTE, never)));
    const abort = new AbortController();
    const waiting = [pool.acquire(MEBIBYTE, abort.signal), pool.acquire(MEBIBYTE, abort.signal)];
    abort.abort(new Error('the end'));
    for (const one of waiting) await expect(one).rejects.toThrow('the end');
    await expect(pool.acquire(MEBIBYTE, abort.signal)).rejects.toThrow('the end');
  });
});
