/** Each thing that S3 or the way to it does wrong, once and for ever: the right bytes, or a failure that leaves nothing. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { clientAfter } from '../support/worker-clients.ts';
import { leftovers, NOTHING } from '../support/worker-leftovers.ts';
import {
  outcomeOf,
  planFor,
  startRun,
  startWorker,
  workerCommand,
  type TestRun,
  type WorkerProcess,
} from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy, type S3Request, type Treatment } from '../support/worker-s3-proxy.ts';
import { expectFailed, failuresOf, startSceneServer, type Scene } from '../support/worker-scene.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

/** Patient enough for the faults that come once, quick with those that stay. */
const QUICK = { HOLDFAST_S3_ATTEMPT_MS: '1000', HOLDFAST_S3_GIVE_UP_MS: '3000' };

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

interface Started {
  readonly run: TestRun;
  readonly worker: WorkerProcess;
}

async function start(database: string, environment: Record<string, string> = QUICK): Promise<Started> {
  const run = await startRun(world, await planFor(world, server, { databases: [database] }));
  return { run, worker: startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint, ...environment }) };
}

/** Also that every object is what the worker says, byte by byte. */
async function expectGood({ run, worker }: Started): Promise<void> {
  const { code, output } = await worker.ended;
  expect({ code, output }).toEqual({ code: 0, output });
  const [database] = (await outcomeOf(world, run))?.databases ?? [];
  if (database?.status !== 'dumped') throw new Error(JSON.stringify(database));
  for (const { key, sha256 } of database.objects) {
    const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  }
  const { objects, ...left } = await leftovers(world, run, server);
  expect({ objects: [], ...left }).toEqual(NOTHING);
  expect([...objects].sort()).toEqual(database.objects.map(({ key }) => key).sort());
}

/** Requests of a kind for the archive get one treatment after the other, then none. */
function treatArchive(kind: S3Request, treatments: readonly Treatment[]): void {
  const left = [...treatments];
  proxy.treat = (request, key) =>
    request === kind && key.endsWith('archive.dump') ? (left.shift() ?? 'forward') : 'forward';
}

function treatArchiveAlways(kind: S3Request, treatment: Treatment): void {
  proxy.treat = (request, key) => (request === kind && key.endsWith('archive.dump') ? treatment : 'forward');
}

describe('a part', () => {
  const TRANSIENT = ['internal-error', 'slow-down', 'cut', 'lose-answer', 'corrupt', 'other-checksum'] as const;

  test('meets each fault once: the bytes are right', async () => {
    treatArchive('part', TRANSIENT);
    await expectGood(await start('large', { HOLDFAST_S3_GIVE_UP_MS: '30000' }));
    expect(proxy.count('part')).toBeGreaterThan(TRANSIENT.length + 10);
  });

  test('gets no answer once: it is sent again', async () => {
    treatArchive('part', ['stall']);
    await expectGood(await start('small'));
  });

  test.each([
    ['internal-error', /InternalError/],
    ['slow-down', /SlowDown/],
    ['cut', /ECONNRESET|socket hang up/],
    ['stall', /no answer within 10\d\d ms/],
    ['corrupt', /BadDigest/],
    ['other-checksum', /S3 took part 1 with the CRC32 AAAAAA==, not /],
    ['denied', /AccessDenied/],
  ] as const)('is always treated with %s', async (treatment, reason) => {
    treatArchiveAlways('part', treatment);
    const started = await start('small');
    const code = treatment === 'denied' ? 'AccessDenied' : 'UploadFailed';
    await expectFailed(scene(), started, code, new RegExp(`archive\\.dump.*${reason.source}`));
  });
});

describe('a completion', () => {
  test.each(['deny-success', 'error-in-ok'] as const)('meets %s once', async (treatment) => {
    treatArchive('complete', [treatment]);
    await expectGood(await start('small'));
  });

  test('is always answered with an error in a good answer', async () => {
    treatArchiveAlways('complete', 'error-in-ok');
    await expectFailed(
      scene(),
      await start('small'),
      'UploadFailed',
      /S3 did not take .*archive\.dump: .*InternalError/,
    );
  });

  test('finds the object there already: that one stays', async () => {
    let key = '';
    proxy.treat = async (request, path): Promise<Treatment> => {
      if (request === 'create' && path.endsWith('archive.dump')) {
        key = path.slice(`/${BUCKET}/`.length);
        await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'somebody else' }));
      }
      return 'forward';
    };
    const { run, worker } = await start('small');
    await worker.ended;
    expect(await failuresOf(world, run)).toEqual([
      { code: 'UploadFailed', message: expect.stringMatching(/archive\.dump: PreconditionFailed/) as unknown },
    ]);
    expect(await leftovers(world, run, server)).toEqual({ ...NOTHING, objects: [key] });
    const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(await Body?.transformToString()).toBe('somebody else');
  });
});

test('an abort that fails is told also when the dump begins again and goes well', async () => {
  const once = path.join(await mkdtemp(path.join(tmpdir(), 'holdfast-once-')), 'begun');
  const timedOut = 'canceling statement due to lock timeout\\nQuery was: LOCK TABLE item\\n';
  const script = `[ -e '${once}' ] || { touch '${once}'; printf '${timedOut}' >&2; exit 1; }`;
  const HOLDFAST_PG_ROOT = await clientAfter(world.toolchain.pgRoot, 17, script);
  proxy.treat = (request) => (request === 'abort' ? 'denied' : 'forward');
  const { run, worker } = await start('small', { ...QUICK, HOLDFAST_PG_ROOT });
  expect((await worker.ended).code).toBe(0);
  expect((await outcomeOf(world, run))?.databases).toMatchObject([
    { status: 'dumped', warnings: [expect.stringMatching(/^uploads stay open: .*AbortMultipartUpload/)] },
  ]);
});

test('an abort that fails is told beside the reason', async () => {
  proxy.treat = (request, key) => {
    if (!key.endsWith('archive.dump')) return 'forward';
    if (request === 'part') return 'denied';
    return request === 'abort' ? 'internal-error' : 'forward';
  };
  const { run, worker } = await start('small');
  await worker.ended;
  const message = /s3:PutObject on .* was refused: .*; and uploads stay open: .*archive\.dump.*InternalError/;
  expect(await failuresOf(world, run)).toEqual([
    { code: 'AccessDenied', message: expect.stringMatching(message) as unknown },
  ]);
});

describe('parts that are kept in files', () => {
  const FILES = { HOLDFAST_PARTS_IN_MEMORY: '1' };

  test('are sent again from them', async () => {
    treatArchive('part', ['forward', 'cut', 'internal-error', 'corrupt']);
    await expectGood(await start('large', FILES));
    // One of 5 MiB, seven of 10 MiB, three attempts that failed; roles and evidence.
    expect(proxy.count('part')).toBe(13);
  });

  test('have no room: the dump fails and leaves nothing', async () => {
    const run = await startRun(world, await planFor(world, server, { databases: ['large'] }));
    const { command, args, env } = workerCommand(world, run, FILES);
    // No file may have a byte.
    const child = spawn('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', command, ...args], { env, stdio: 'ignore' });
    await once(child, 'exit');
    const message = new RegExp(`^${tmpdir()} has no room for the parts of a dump this large.*raise worker\\.diskGiB`);
    expect(await failuresOf(world, run)).toEqual([
      { code: 'UploadFailed', message: expect.stringMatching(message) as unknown },
    ]);
    expect(child.exitCode).toBe(ERRORS.UploadFailed.exit);
    expect(await leftovers(world, run, server)).toEqual(NOTHING);
  });
});
