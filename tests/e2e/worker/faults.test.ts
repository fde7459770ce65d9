/** What stands still, breaks off or is killed: never a success, and nothing is left that nobody collects. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { activeKey } from '../../../core/keys.ts';
import { ActiveRow, type DumpPlan, type Progress } from '../../../core/run-record.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { clientProcessIds, leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { outcomeOf, planFor, startRun, startWorker, workerCommand, type TestRun } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import {
  expectFailed,
  failuresOf,
  holdHalfWay,
  holdUp,
  startSceneServer,
  type Scene,
} from '../support/worker-scene.ts';
import { startTcpProxy, type TcpProxy } from '../support/worker-tcp-proxy.ts';
import { startWorkerWorld, TABLE, type WorkerWorld } from '../support/worker-world.ts';

/** Within which everything has to have ended. */
const END_MS = 10_000;

let world: WorkerWorld;
let server: PostgresServer;
let proxy: S3Proxy;
let way: TcpProxy;

const scene = (): Scene => ({ world, server, proxy });
/** The server, on a way that can be cut. */
const farScene = (): Scene => ({ world, server: { ...server, port: way.port }, proxy });

beforeAll(async () => {
  [world, server] = await Promise.all([startWorkerWorld(), startSceneServer()]);
});

afterAll(async () => {
  await server.stop();
  await world.stop();
});

beforeEach(async () => {
  [proxy, way] = await Promise.all([startS3Proxy(world.emulator.endpoint), startTcpProxy(server.port)]);
});

afterEach(async () => {
  await Promise.all([proxy.close(), way.close()]);
});

async function untilNothingIsLeft(run: TestRun): Promise<void> {
  const found = async () => JSON.stringify(await leftovers(world, run, server));
  while ((await found()) !== JSON.stringify(NOTHING)) await sleep(50);
  expect(await clientProcessIds(way.port)).toEqual([]);
}

const smallPlan = (change: Partial<DumpPlan> = {}): Promise<DumpPlan> =>
  planFor(world, farScene().server, { databases: ['small'], ...change });

describe('nothing moves', () => {
  test('because S3 takes nothing; how far it is was told', async () => {
    const interrupted = await holdHalfWay(scene(), { stallAfterMs: 3_000 });
    let progress: Progress | undefined;
    while (progress?.tablesDue === undefined) {
      await sleep(50);
      progress = await progressOf(interrupted.run);
    }
    expect(progress).toMatchObject({ phase: 'dumping', database: 'large', tablesDone: 0, tablesDue: 1 });
    const stalled = /^S3 took no part .* for 3 s; .*session \d+ is active \(COPY\) and waits for Client: ClientWrite/;
    await expectFailed(scene(), interrupted, 'DumpStalled', stalled);
  });

  test('because somebody drops a sequence, and does not commit', async () => {
    await query(server, 'small', 'CREATE SEQUENCE number');
    const client = new Client({ ...server, database: 'small' });
    await client.connect();
    try {
      const found = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await client.query('BEGIN; DROP SEQUENCE number');
      const run = await startRun(world, await planFor(world, server, { databases: ['small'], stallAfterMs: 2_000 }));
      const worker = startWorker(world, run);
      const behind = new RegExp(
        `^pg_dump gave no byte for 2 s; .* waits for Lock: relation behind ${found.rows[0]?.pid}`,
      );
      await expectFailed(scene(), { run, worker }, 'DumpStalled', behind);
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
  });

  test('because a process of the server stands still', async () => {
    const { run, worker, release } = await holdHalfWay(scene(), { stallAfterMs: 3_000 });
    const [backend] = await query(server, 'postgres', "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%'");
    const pid = Number(backend?.['pid']);
    process.kill(pid, 'SIGSTOP');
    release();
    await worker.ended;
    process.kill(pid, 'SIGCONT');
    await untilNothingIsLeft(run);
    const stalled = /^pg_dump gave no byte for 3 s; .*session \d+ is active \(COPY\) and waits for /;
    await expectFailed(scene(), { run, worker }, 'DumpStalled', stalled);
  });

  test('because the network swallows everything', async () => {
    const { run, worker, release } = await holdHalfWay(farScene(), { stallAfterMs: 3_000 });
    way.freeze();
    release();
    await worker.ended;
    way.cut();
    await untilNothingIsLeft(run);
    const stalled = /^pg_dump gave no byte for 3 s; what its sessions wait for could not be asked: /;
    await expectFailed(scene(), { run, worker }, 'DumpStalled', stalled);
  });
});

test('the connections to the server break off', async () => {
  const { run, worker, release } = await holdHalfWay(farScene());
  way.cut();
  release();
  await expectFailed(scene(), { run, worker }, 'DumpFailed', /lost|closed|terminated/i);
  await untilNothingIsLeft(run);
});

test('the worker ends in time although neither the server nor S3 answers', async () => {
  const { run, worker } = await holdHalfWay(farScene());
  way.freeze();
  const { treat } = proxy;
  proxy.treat = (request, key) => (request === 'abort' ? new Promise(() => undefined) : treat(request, key));
  const stoppedAt = Date.now();
  worker.child.kill('SIGTERM');
  await worker.ended;
  expect(Date.now() - stoppedAt).toBeLessThan(END_MS);
  const message = /stopped by SIGTERM; and uploads stay open: .*archive\.dump/;
  expect(await failuresOf(world, run)).toEqual([
    { code: 'Cancelled', message: expect.stringMatching(message) as unknown },
  ]);
  expect((await leftovers(world, run, undefined)).objects).toEqual([]);
});

/** Dumping: interrupted.test.ts. What is left is found by CollectDump, for there is no outcome. */
describe('the worker is killed', () => {
  test('while it connects', async () => {
    way.freeze();
    const run = await startRun(world, await smallPlan());
    const worker = startWorker(world, run);
    await way.connected();
    worker.child.kill('SIGKILL');
    await worker.ended;
    await untilNothingIsLeft(run);
    expect(await outcomeOf(world, run)).toBeUndefined();
  });

  test.each([
    ['before the first object becomes visible', 'archive.dump', []],
    ['after the first object became visible', 'roles.sql', ['archive.dump']],
  ])('%s', async (_when, held, visible) => {
    const { run, worker } = await holdUp(farScene(), await smallPlan(), held, 0, 'complete');
    worker.child.kill('SIGKILL');
    await worker.ended;
    expect(await outcomeOf(world, run)).toBeUndefined();
    const { uploads, objects } = await leftovers(world, run, undefined);
    const names = (keys: readonly string[]): unknown[] => keys.map((key) => key.split('/').at(-1));
    expect(names(objects)).toEqual(visible);
    const all = ['archive.dump', 'evidence.json.gz', 'roles.sql'];
    expect(names(uploads).sort()).toEqual(all.filter((name) => !visible.includes(name)));
  });
});

describe('no file can be written', () => {
  let temporary: string;

  beforeEach(async () => {
    temporary = await mkdtemp(path.join(tmpdir(), 'holdfast-full-'));
  });

  afterEach(async () => {
    await rm(temporary, { recursive: true });
  });

  const runWithoutDisk = async (plan: DumpPlan): Promise<{ run: TestRun; code: number | null }> => {
    const run = await startRun(world, plan);
    const { command, args, env } = workerCommand(world, run, { TMPDIR: temporary });
    const child = spawn('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', command, ...args], { env, stdio: 'ignore' });
    await once(child, 'exit');
    return { run, code: child.exitCode };
  };

  test('with the certificates that pg_dump is to trust', async () => {
    const plan = await planFor(world, server, { databases: ['small'] });
    const connection: DumpPlan['connection'] = { ...plan.connection, sslMode: 'verify-full' };
    const { run, code } = await runWithoutDisk({ ...plan, connection });
    expect(code).toBe(ERRORS.SourceUnreachable.exit);
    const message = /^the certificates that libpq is to trust could not be written: .*EFBIG/;
    expect(await failuresOf(world, run)).toEqual([
      { code: 'SourceUnreachable', message: expect.stringMatching(message) as unknown },
    ]);
    expect(await leftovers(world, run, server)).toEqual(NOTHING);
    expect(await readdir(temporary)).toEqual([]);
  });

  test('by a dump, which needs none', async () => {
    const { run, code } = await runWithoutDisk(await planFor(world, server, { databases: ['large'] }));
    expect(code).toBe(0);
    expect((await leftovers(world, run, server)).objects).toHaveLength(3);
  });
});

async function progressOf({ source }: TestRun): Promise<Progress | undefined> {
  const { Item } = await world.table.send(new GetCommand({ TableName: TABLE, Key: activeKey(source) }));
  return ActiveRow.parse(Item).progress;
}
