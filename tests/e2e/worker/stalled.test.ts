/** What stands still or breaks off: never a success, and nothing is left that nobody collects. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { activeKey } from '../../../core/keys.ts';
import { ActiveRow, type Progress } from '../../../core/run-record.ts';
import { clientProcessIds, leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { planFor, type TestRun } from '../support/worker-run.ts';
import { expectFailed, failuresOf, holdHalfWay, shareScene, startDump, type Scene } from '../support/worker-scene.ts';
import { startTcpProxy, type TcpProxy } from '../support/worker-tcp-proxy.ts';
import { TABLE } from '../support/worker-world.ts';

/** Within which everything has to have ended. */
const END_MS = 10_000;

const scene = shareScene();
let way: TcpProxy;

/** The server, on a way that can be cut. */
const farScene = (): Scene => ({
  world: scene.world,
  server: { ...scene.server, port: way.port },
  proxy: scene.proxy,
});

beforeEach(async () => {
  way = await startTcpProxy(scene.server.port);
});

afterEach(async () => {
  await way.close();
});

async function untilNothingIsLeft(run: TestRun): Promise<void> {
  const found = async () => JSON.stringify(await leftovers(scene.world, run, scene.server));
  while ((await found()) !== JSON.stringify(NOTHING)) await sleep(50);
  expect(await clientProcessIds(way.port)).toEqual([]);
}

describe('nothing moves', () => {
  test('because S3 takes nothing; how far it is was told', async () => {
    const interrupted = await holdHalfWay(scene, { stallAfterMs: 3_000 });
    let progress: Progress | undefined;
    while (progress?.tablesDue === undefined) {
      await sleep(50);
      progress = await progressOf(interrupted.run);
    }
    expect(progress).toMatchObject({ phase: 'dumping', database: 'large', tablesDone: 0, tablesDue: 1 });
    const stalled = /^S3 took no part .* for 3 s; .*session \d+ is active \(COPY\) and waits for Client: ClientWrite/;
    await expectFailed(scene, interrupted, 'DumpStalled', stalled);
  });

  test('because somebody drops a sequence, and does not commit', async () => {
    await query(scene.server, 'small', 'CREATE SEQUENCE number');
    const client = new Client({ ...scene.server, database: 'small' });
    await client.connect();
    try {
      const found = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await client.query('BEGIN; DROP SEQUENCE number');
      const plan = await planFor(scene.world, scene.server, { databases: ['small'], stallAfterMs: 2_000 });
      const started = await startDump(scene, plan);
      const behind = new RegExp(
        `^pg_dump gave no byte for 2 s; .* waits for Lock: relation behind ${found.rows[0]?.pid}`,
      );
      await expectFailed(scene, started, 'DumpStalled', behind);
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
  });

  test('because a process of the server stands still', async () => {
    const { run, worker, release } = await holdHalfWay(scene, { stallAfterMs: 3_000 });
    const [backend] = await query(
      scene.server,
      'postgres',
      "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%'",
    );
    const pid = Number(backend?.['pid']);
    process.kill(pid, 'SIGSTOP');
    release();
    await worker.ended;
    process.kill(pid, 'SIGCONT');
    await untilNothingIsLeft(run);
    const stalled = /^pg_dump gave no byte for 3 s; .*session \d+ is active \(COPY\) and waits for /;
    await expectFailed(scene, { run, worker }, 'DumpStalled', stalled);
  });

  test('because the network swallows everything', async () => {
    const { run, worker, release } = await holdHalfWay(farScene(), { stallAfterMs: 3_000 });
    way.freeze();
    release();
    await worker.ended;
    way.cut();
    await untilNothingIsLeft(run);
    const stalled = /^pg_dump gave no byte for 3 s; what its sessions wait for could not be asked: /;
    await expectFailed(scene, { run, worker }, 'DumpStalled', stalled);
  });
});

test('the connections to the server break off', async () => {
  const { run, worker, release } = await holdHalfWay(farScene());
  way.cut();
  release();
  await expectFailed(scene, { run, worker }, 'DumpFailed', /lost|closed|terminated/i);
  await untilNothingIsLeft(run);
});

test('the worker ends in time although neither the server nor S3 answers', async () => {
  const { run, worker } = await holdHalfWay(farScene());
  way.freeze();
  const { treat } = scene.proxy;
  scene.proxy.treat = (request, key) => (request === 'abort' ? new Promise(() => undefined) : treat(request, key));
  const stoppedAt = Date.now();
  worker.child.kill('SIGTERM');
  await worker.ended;
  expect(Date.now() - stoppedAt).toBeLessThan(END_MS);
  const message = /stopped by SIGTERM; and uploads stay open: .*archive\.dump/;
  expect(await failuresOf(scene.world, run)).toEqual([
    { code: 'Cancelled', message: expect.stringMatching(message) as unknown },
  ]);
  expect((await leftovers(scene.world, run, undefined)).objects).toEqual([]);
});

async function progressOf({ source }: TestRun): Promise<Progress | undefined> {
  const { Item } = await scene.world.table.send(new GetCommand({ TableName: TABLE, Key: activeKey(source) }));
  return ActiveRow.parse(Item).progress;
}
