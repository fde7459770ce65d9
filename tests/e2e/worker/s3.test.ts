/** S3 loses requests, answers, or everything. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { leftovers, NOTHING } from '../support/worker-leftovers.ts';
import { outcomeOf, planFor, startRun, startWorker } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import { expectFailed, failuresOf, holdHalfWay, startSceneServer, type Scene } from '../support/worker-scene.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

let world: WorkerWorld;
let server: PostgresServer;
let proxy: S3Proxy;

const scene = (): Scene => ({ world, server, proxy });

beforeAll(async () => {
  [world, server] = await Promise.all([startWorkerWorld(), startSceneServer()]);
});

afterAll(async () => {
  await server.stop();
  await world.stop();
});

beforeEach(async () => {
  proxy = await startS3Proxy(world.emulator.endpoint);
});

afterEach(async () => {
  await proxy.close();
});

test('goes away half-way: the outcome says so, and the upload that is left can be found', async () => {
  const interrupted = await holdHalfWay(scene());
  await proxy.close();
  const { code } = await interrupted.worker.ended;
  const message = /S3 did not take .*archive\.dump: .*ECONNREFUSED.*; and uploads stay open: .*archive\.dump/;
  expect(await failuresOf(world, interrupted.run)).toEqual([
    { code: 'UploadFailed', message: expect.stringMatching(message) as unknown },
  ]);
  expect(code).toBe(ERRORS.UploadFailed.exit);
  // Nobody can abort it now; CollectDump does when S3 is back.
  const { uploads, ...left } = await leftovers(world, interrupted.run, server);
  expect(uploads).toHaveLength(1);
  expect({ uploads: [], ...left }).toEqual(NOTHING);
});

test('loses some requests and some answers: the dump is good', async () => {
  let requests = 0;
  proxy.treat = (request) => {
    if (request !== 'part') return 'forward';
    requests += 1;
    if (requests % 3 === 1) return 'cut';
    return requests % 3 === 2 ? 'lose-answer' : 'forward';
  };
  const run = await startRun(world, await planFor(world, server, { databases: ['small'] }));
  const { code, output } = await startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint }).ended;
  expect({ code, output }).toEqual({ code: 0, output });
  expect((await leftovers(world, run, server)).objects).toHaveLength(3);
});

test.each(['gone', 'taken'] as const)('loses the answer to a completion and says "%s" to the next', async (second) => {
  const lost = new Set<string>();
  proxy.treat = (request, key) => {
    if (request !== 'complete') return 'forward';
    if (lost.has(key)) return second;
    lost.add(key);
    return 'lose-answer';
  };
  const run = await startRun(world, await planFor(world, server, { databases: ['small'] }));
  const { code, output } = await startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint }).ended;
  expect({ code, output }).toEqual({ code: 0, output });
  const [database] = (await outcomeOf(world, run))?.databases ?? [];
  // The verifier looks: the worker claims no version.
  const unsettled = { versionId: null };
  expect(database).toMatchObject({ status: 'dumped', objects: [unsettled, unsettled, unsettled] });
  expect((await leftovers(world, run, server)).objects).toHaveLength(3);
});

test.each(['gone', 'taken'] as const)('says "%s" to the first completion: the dump has failed', async (first) => {
  proxy.treat = (request, key) => (request === 'complete' && key.endsWith('archive.dump') ? first : 'forward');
  const run = await startRun(world, await planFor(world, server, { databases: ['small'] }));
  const worker = startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
  await expectFailed(scene(), { run, worker }, 'UploadFailed', /S3 did not take .*archive\.dump/);
});
