/** Uploads that share their few buffers, against S3. */
import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from '@jest/globals';
import type { StoredObject } from '../../../core/manifest.ts';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { createPartPool } from '../../../worker/part-pool.ts';
import { PART_BUFFER_BYTES } from '../../../worker/part-size.ts';
import { uploadLimits } from '../../../worker/upload-limits.ts';
import { startUpload } from '../../../worker/upload.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const CHUNK_BYTES = 100_000;

const keep = stopAfterTests();
let world: WorkerWorld;
let proxy: S3Proxy;

beforeAll(async () => {
  world = await keep(startWorkerWorld());
  proxy = await keep(startS3Proxy(world.emulator.endpoint));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: proxy.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  });
});

const never = new AbortController().signal;

function* chunksOf(seed: number, sizeBytes: number): Generator<Buffer> {
  for (let made = 0; made < sizeBytes; made += CHUNK_BYTES)
    yield Buffer.alloc(Math.min(CHUNK_BYTES, sizeBytes - made), `${seed} ${made} `);
}

async function sha256InS3(key: string): Promise<string> {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return createHash('sha256')
    .update((await Body?.transformToByteArray()) ?? '')
    .digest('hex');
}

test('more uploads at once than buffers: all end, each with its own bytes', async () => {
  const pool = createPartPool(uploadLimits({}));
  const sizeBytes = PART_BUFFER_BYTES + 1_000_000;
  const filling = new Set<number>();
  let filledAtOnceMax = 0;
  const run = async (seed: number): Promise<StoredObject> => {
    const target = { bucket: BUCKET, key: `many/${seed}`, role: 'data' } as const;
    const upload = await startUpload(target, pool, never, () => undefined);
    for (const chunk of chunksOf(seed, sizeBytes)) {
      await upload.write(chunk);
      filling.add(seed);
      filledAtOnceMax = Math.max(filledAtOnceMax, filling.size);
      // As if it came from a process; the others get their turn.
      await new Promise(setImmediate);
    }
    await upload.finish();
    filling.delete(seed);
    return upload.complete();
  };
  const objects = await Promise.all(Array.from({ length: 12 }, (_, seed) => run(seed)));
  expect(filledAtOnceMax).toBeGreaterThan(5);
  for (const [seed, { key, sha256 }] of objects.entries()) {
    const expected = createHash('sha256');
    for (const chunk of chunksOf(seed, sizeBytes)) expected.update(chunk);
    expect(sha256).toBe(expected.digest('hex'));
    expect(await sha256InS3(key)).toBe(sha256);
  }
});

test('an abort that S3 does not answer is given up in seconds', async () => {
  const target = { bucket: BUCKET, key: 'stalled', role: 'data' } as const;
  const upload = await startUpload(target, createPartPool(uploadLimits({})), never, () => undefined);
  proxy.treat = () => 'stall';
  const begunAt = Date.now();
  await expect(upload.abort()).rejects.toMatchObject({ code: 'UploadFailed' });
  expect(Date.now() - begunAt).toBeLessThan(7_000);
  proxy.treat = () => 'forward';
});

test('an object without a byte', async () => {
  const target = { bucket: BUCKET, key: 'empty', role: 'data' } as const;
  const upload = await startUpload(target, createPartPool(uploadLimits({})), never, () => undefined);
  await upload.finish();
  expect(await upload.complete()).toMatchObject({ sizeBytes: 0, checksum: { value: 'AAAAAA==' } });
  expect(await sha256InS3('empty')).toBe(createHash('sha256').digest('hex'));
});

test('all buffers come back, whatever became of an upload', async () => {
  const pool = createPartPool(uploadLimits({}));
  for (let round = 0; round < 3; round++) {
    const uploads = await Promise.all(
      [1, 2, 3, 4, 5].map(async (number) => {
        const target = { bucket: BUCKET, key: `aborted/${round}/${number}`, role: 'data' } as const;
        const upload = await startUpload(target, pool, never, () => undefined);
        await upload.write(Buffer.alloc(1));
        return upload;
      }),
    );
    const [first, ...others] = uploads;
    const sixth = first?.write(Buffer.alloc(2 * PART_BUFFER_BYTES));
    await Promise.all(others.map((upload) => upload.abort()));
    await sixth;
    await first?.abort();
  }
  expect(pool.starved).toBe(false);
  await Promise.all([1, 2, 3, 4, 5].map(() => pool.buffers.acquire(never)));
});
