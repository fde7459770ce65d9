/** S3 loses requests, answers, or everything. */
import { expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { leftovers, NOTHING } from '../support/worker-leftovers.ts';
import { expectDumped, expectFailed, failuresOf, holdHalfWay, shareScene, startDump } from '../support/worker-scene.ts';

const scene = shareScene();

test('goes away half-way: the outcome says so, and the upload that is left can be found', async () => {
  const environment = { HOLDFAST_S3_GIVE_UP_MS: '3000' };
  const interrupted = await holdHalfWay({ ...scene, environment });
  // A port that nobody listens on any more could be somebody else's the next moment.
  scene.proxy.treat = () => 'reset';
  interrupted.release('reset');
  const { code } = await interrupted.worker.ended;
  const message = /S3 did not take .*archive\.dump: .*(?:ECONNRESET|EPIPE).*; and uploads stay open: .*archive\.dump/;
  expect(await failuresOf(scene.world, interrupted.run)).toEqual([
    { code: 'UploadFailed', message: expect.stringMatching(message) as unknown },
  ]);
  expect(code).toBe(ERRORS.UploadFailed.exit);
  // Nobody can abort it now; CollectDump does when S3 is back.
  const { uploads, ...left } = await leftovers(scene.world, interrupted.run, scene.server);
  expect(uploads).toHaveLength(1);
  expect({ uploads: [], ...left }).toEqual(NOTHING);
});

test('loses some requests and some answers: the dump is good', async () => {
  let requests = 0;
  scene.proxy.treat = (request) => {
    if (request !== 'part') return 'forward';
    requests += 1;
    if (requests % 3 === 1) return 'cut';
    return requests % 3 === 2 ? 'lose-answer' : 'forward';
  };
  const started = await startDump(scene, 'small');
  await expectDumped(scene, started);
  expect((await leftovers(scene.world, started.run, scene.server)).objects).toHaveLength(3);
});

test.each(['gone', 'taken'] as const)('loses the answer to a completion and says "%s" to the next', async (second) => {
  const lost = new Set<string>();
  scene.proxy.treat = (request, key) => {
    if (request !== 'complete') return 'forward';
    if (lost.has(key)) return second;
    lost.add(key);
    return 'lose-answer';
  };
  const started = await startDump(scene, 'small');
  const { dump } = await expectDumped(scene, started);
  // The verifier looks: the worker claims no version.
  expect(dump.objects.map(({ versionId }) => versionId)).toEqual([null, null, null]);
  expect((await leftovers(scene.world, started.run, scene.server)).objects).toHaveLength(3);
});

test('refuses a completion after it took another: the dump has failed, and what is visible is no backup', async () => {
  scene.proxy.treat = (request, key) => (request === 'complete' && key.endsWith('roles.sql') ? 'taken' : 'forward');
  const { run, worker } = await startDump(scene, 'small');
  expect((await worker.ended).code).toBe(ERRORS.UploadFailed.exit);
  const message = /S3 did not take .*roles\.sql: PreconditionFailed/;
  expect(await failuresOf(scene.world, run)).toEqual([
    { code: 'UploadFailed', message: expect.stringMatching(message) as unknown },
  ]);
  // The worker may not delete it; without a manifest it is no backup, and retention removes it.
  const objects = [expect.stringMatching(/\/archive\.dump$/) as unknown];
  expect(await leftovers(scene.world, run, scene.server)).toEqual({ ...NOTHING, objects });
});

test.each(['gone', 'taken'] as const)('says "%s" to the first completion: the dump has failed', async (first) => {
  scene.proxy.treat = (request, key) => (request === 'complete' && key.endsWith('archive.dump') ? first : 'forward');
  await expectFailed(scene, await startDump(scene, 'small'), 'UploadFailed', /S3 did not take .*archive\.dump/);
});
