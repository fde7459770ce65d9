import { describe, expect, test } from '@jest/globals';
import { createLendingPool, type LendingPool } from '../../../worker/lending-pool.ts';

const never = new AbortController().signal;

function numbers(count: number): LendingPool<number> {
  let made = 0;
  return createLendingPool(count, () => ++made);
}

describe('a pool of a few things', () => {
  test('makes no more than it has, and prefers what came back last', async () => {
    const pool = numbers(3);
    const [first, second] = [await pool.acquire(never), await pool.acquire(never)];
    pool.release(first);
    pool.release(second);
    expect([await pool.acquire(never), await pool.acquire(never), await pool.acquire(never)]).toEqual([2, 1, 3]);
  });

  test('serves in the order of asking, also those who come while one is handed over', async () => {
    const pool = numbers(1);
    const only = await pool.acquire(never);
    const served: string[] = [];
    const take = async (name: string): Promise<void> => {
      const thing = await pool.acquire(never);
      served.push(name);
      pool.release(thing);
    };
    expect(pool.starved).toBe(false);
    const waiting = [take('a'), take('b')];
    expect(pool.starved).toBe(true);
    pool.release(only);
    await Promise.all([...waiting, take('c')]);
    expect(served).toEqual(['a', 'b', 'c']);
    expect(pool.starved).toBe(false);
  });

  test('forgets who gives up, and rejects with the reason', async () => {
    const pool = numbers(1);
    const only = await pool.acquire(never);
    const abort = new AbortController();
    const gaveUp = pool.acquire(abort.signal);
    const patient = pool.acquire(never);
    abort.abort(new Error('the end'));
    await expect(gaveUp).rejects.toThrow('the end');
    await expect(pool.acquire(abort.signal)).rejects.toThrow('the end');
    pool.release(only);
    expect(await patient).toBe(only);
  });
});
