/** Each thing that S3 or the way to it does wrong, once and for ever: the right bytes, or a failure that leaves nothing. */
import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import type { DatabaseDump } from '../../../core/manifest.ts';
import { clientAfter } from '../support/worker-clients.ts';
import { leftovers, NOTHING } from '../support/worker-leftovers.ts';
import { outcomeOf } from '../support/worker-run.ts';
import type { S3Request, Treatment } from '../support/worker-s3-proxy.ts';
import {
  expectDumped,
  expectFailed,
  failuresOf,
  shareScene,
  startDump,
  type Started,
} from '../support/worker-scene.ts';
import { BUCKET } from '../support/worker-world.ts';

/** Patient enough for the faults that come once, quick with those that stay. */
const QUICK = { HOLDFAST_S3_ATTEMPT_MS: '1000', HOLDFAST_S3_GIVE_UP_MS: '3000' };

const scene = shareScene();

/** Also that every object is what the worker says, byte by byte. */
async function expectGood(started: Started): Promise<DatabaseDump> {
  const { dump } = await expectDumped(scene, started);
  for (const { key, sha256 } of dump.objects) {
    const { Body } = await scene.world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  }
  const { objects, ...left } = await leftovers(scene.world, started.run, scene.server);
  expect({ objects: [], ...left }).toEqual(NOTHING);
  expect([...objects].sort()).toEqual(dump.objects.map(({ key }) => key).sort());
  return dump;
}

/** Requests of a kind for the archive get one treatment after the other, then none. */
function treatArchive(kind: S3Request, treatments: readonly Treatment[]): void {
  const left = [...treatments];
  scene.proxy.treat = (request, key) =>
    request === kind && key.endsWith('archive.dump') ? (left.shift() ?? 'forward') : 'forward';
}

function treatArchiveAlways(kind: S3Request, treatment: Treatment): void {
  scene.proxy.treat = (request, key) => (request === kind && key.endsWith('archive.dump') ? treatment : 'forward');
}

describe('a part', () => {
  const TRANSIENT = [
    'internal-error',
    'slow-down',
    'cut',
    'reset',
    'lose-answer',
    'corrupt',
    'other-checksum',
  ] as const;

  test('meets each fault once: the bytes are right', async () => {
    treatArchive('part', TRANSIENT);
    await expectGood(await startDump(scene, 'large', { HOLDFAST_S3_GIVE_UP_MS: '30000' }));
    expect(scene.proxy.count('part')).toBeGreaterThan(TRANSIENT.length + 10);
  });

  test('gets no answer once: it is sent again', async () => {
    treatArchive('part', ['stall']);
    await expectGood(await startDump(scene, 'small', QUICK));
  });

  test.each([
    ['internal-error', /InternalError/],
    ['slow-down', /SlowDown/],
    ['cut', /ECONNRESET|socket hang up/],
    ['reset', /ECONNRESET|EPIPE/],
    ['stall', /no answer within 10\d\d ms/],
    ['corrupt', /BadDigest/],
    ['other-checksum', /S3 took part 1 with the CRC32 AAAAAA==, not /],
    ['denied', /AccessDenied/],
  ] as const)('is always treated with %s', async (treatment, reason) => {
    treatArchiveAlways('part', treatment);
    const started = await startDump(scene, 'small', QUICK);
    const code = treatment === 'denied' ? 'AccessDenied' : 'UploadFailed';
    await expectFailed(scene, started, code, new RegExp(`archive\\.dump.*${reason.source}`));
  });
});

describe('a completion', () => {
  test.each(['deny-success', 'error-in-ok'] as const)('meets %s once', async (treatment) => {
    treatArchive('complete', [treatment]);
    await expectGood(await startDump(scene, 'small', QUICK));
  });

  test('is taken, and always answered with an error: the verifier looks', async () => {
    treatArchiveAlways('complete', 'deny-success');
    const dump = await expectGood(await startDump(scene, 'small', QUICK));
    expect(dump.objects[0]).toMatchObject({ role: 'archive', versionId: null });
  });

  test('is always answered with an error in a good answer', async () => {
    treatArchiveAlways('complete', 'error-in-ok');
    await expectFailed(
      scene,
      await startDump(scene, 'small', QUICK),
      'UploadFailed',
      /S3 did not take .*archive\.dump: .*InternalError/,
    );
  });

  test('finds the object there already: that one stays', async () => {
    let key = '';
    scene.proxy.treat = async (request, path): Promise<Treatment> => {
      if (request === 'create' && path.endsWith('archive.dump')) {
        key = path.slice(`/${BUCKET}/`.length);
        await scene.world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'somebody else' }));
      }
      return 'forward';
    };
    const { run, worker } = await startDump(scene, 'small', QUICK);
    await worker.ended;
    expect(await failuresOf(scene.world, run)).toEqual([
      { code: 'UploadFailed', message: expect.stringMatching(/archive\.dump: PreconditionFailed/) as unknown },
    ]);
    expect(await leftovers(scene.world, run, scene.server)).toEqual({ ...NOTHING, objects: [key] });
    const { Body } = await scene.world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(await Body?.transformToString()).toBe('somebody else');
  });
});

test('an abort that fails is told also when the dump begins again and goes well', async () => {
  const once = path.join(await mkdtemp(path.join(tmpdir(), 'holdfast-once-')), 'begun');
  const timedOut = `touch '${once}'; sleep 5; echo 'Query was: LOCK TABLE item' >&2; exit 1`;
  const script = `[ -e '${once}' ] || { ${timedOut}; }`;
  const HOLDFAST_PG_ROOT = await clientAfter(scene.world.toolchain.pgRoot, 17, script);
  scene.proxy.treat = (request) => (request === 'abort' ? 'denied' : 'forward');
  const { run, worker } = await startDump(scene, 'small', { ...QUICK, HOLDFAST_PG_ROOT });
  expect((await worker.ended).code).toBe(0);
  expect((await outcomeOf(scene.world, run))?.databases).toMatchObject([
    {
      status: 'dumped',
      warnings: [
        expect.stringMatching(/^the dump began again: pg_dump exited with code 1: /),
        expect.stringMatching(/^uploads stay open: .*AbortMultipartUpload/),
      ],
    },
  ]);
});

test('an abort that fails is told beside the reason', async () => {
  scene.proxy.treat = (request, key) => {
    if (!key.endsWith('archive.dump')) return 'forward';
    if (request === 'part') return 'denied';
    return request === 'abort' ? 'internal-error' : 'forward';
  };
  const { run, worker } = await startDump(scene, 'small', QUICK);
  await worker.ended;
  const message = /s3:PutObject on .* was refused: .*; and uploads stay open: .*archive\.dump.*InternalError/;
  expect(await failuresOf(scene.world, run)).toEqual([
    { code: 'AccessDenied', message: expect.stringMatching(message) as unknown },
  ]);
});

describe('parts that are kept in files', () => {
  const FILES = { HOLDFAST_PARTS_IN_MEMORY: '1' };

  test('are sent again from them', async () => {
    treatArchive('part', ['forward', 'cut', 'internal-error', 'corrupt']);
    await expectGood(await startDump(scene, 'large', FILES));
    // One of 5 MiB, seven of 10 MiB, three attempts that failed; roles and evidence.
    expect(scene.proxy.count('part')).toBe(13);
  });
});
