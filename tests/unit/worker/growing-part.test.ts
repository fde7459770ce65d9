import { expect, test } from '@jest/globals';
import { beginPart } from '../../../worker/growing-part.ts';
import { createPartPool } from '../../../worker/part-pool.ts';
import { uploadLimits } from '../../../worker/upload-limits.ts';

const never = new AbortController().signal;

test('a part more than S3 takes is refused with what to do, and borrows nothing', async () => {
  const pool = createPartPool(uploadLimits({}));
  await expect(beginPart('archive.dump', 10_001, pool, never)).rejects.toMatchObject({
    code: 'UploadFailed',
    message: 'archive.dump is larger than 10000 parts hold: dump it with more jobs',
  });
  await Promise.all([1, 2, 3, 4, 5].map(() => pool.buffers.acquire(never)));
  expect(pool.starved).toBe(false);
});
