import { expect, test } from '@jest/globals';
import { createPartPool, type PartPool } from '../../../worker/part-pool.ts';
import { ProgressMeter } from '../../../worker/progress.ts';
import { uploadLimits } from '../../../worker/upload-limits.ts';
import { watchStall } from '../../../worker/watchdog.ts';

function stalled(pool: PartPool): Promise<string> {
  const dump = { stallAfterMs: 20, pool, progress: new ProgressMeter(), describeWaits: () => Promise.resolve('waits') };
  return new Promise((resolve) => {
    watchStall(dump, ({ message }) => {
      resolve(message);
    });
  });
}

/** Somebody waits for a buffer. */
async function starved(signal: AbortSignal): Promise<PartPool> {
  const pool = createPartPool(uploadLimits({}));
  while (!pool.starved) {
    const buffer = pool.buffers.acquire(signal);
    buffer.catch(() => undefined);
    await Promise.race([buffer, new Promise(setImmediate)]);
  }
  return pool;
}

test('who has no buffer waits for S3 only while parts are on their way there', async () => {
  const ending = new AbortController();
  const pool = await starved(ending.signal);
  expect(await stalled(pool)).toMatch(/^pg_dump gave no byte /);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const sent = pool.sending(promise);
  expect(await stalled(pool)).toMatch(/^S3 took no part /);
  resolve(undefined);
  await sent;
  expect(await stalled(pool)).toMatch(/^pg_dump gave no byte /);
  ending.abort();
});
