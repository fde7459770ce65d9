/** Half-way through a dump: what the outside does to the worker, and that nothing of it is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { activeKey } from '../../../core/keys.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { clientProcessIds, leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { outcomeOf, planFor, startRun, startWorker, type TestRun } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import {
  expectFailed,
  failuresOf,
  holdHalfWay,
  holdUp,
  startSceneServer,
  type Interrupted,
  type Scene,
} from '../support/worker-scene.ts';
import { startWorkerWorld, TABLE, type WorkerWorld } from '../support/worker-world.ts';

let world: WorkerWorld;
let server: PostgresServer;
let proxy: S3Proxy;

/** Within which everything has to have ended, and within which the worker renews its claim. */
const END_MS = 10_000;
const BEAT_MS = 10_000;

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

describe('the worker is told to end', () => {
  test('by SIGTERM', async () => {
    const interrupted = await holdHalfWay(scene());
    const before = await leftovers(world, interrupted.run, server);
    expect(before).toMatchObject({ uploads: [expect.any(String)], objects: [] });
    expect(before.processes).toHaveLength(1);
    // The holder's, the one that looks for blocked sessions, and pg_dump's.
    expect(before.sessions).toHaveLength(3);
    const stoppedAt = Date.now();
    interrupted.worker.child.kill('SIGTERM');
    await expectFailed(scene(), interrupted, 'Cancelled', /stopped by SIGTERM/);
    expect(Date.now() - stoppedAt).toBeLessThan(END_MS);
  });

  test('by SIGTERM while it waits for a lock', async () => {
    const blocker = query(server, 'small', 'BEGIN; LOCK TABLE item; SELECT pg_sleep(600)').catch(() => undefined);
    const plan = await planFor(world, server, { databases: ['small'] });
    const run = await startRun(world, plan);
    const worker = startWorker(world, run);
    while ((await waitingForLocks()) === 0) await sleep(50);
    worker.child.kill('SIGTERM');
    await expectFailed(scene(), { run, worker }, 'Cancelled', /stopped by SIGTERM/);
    await query(
      server,
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'",
    );
    await blocker;
  });

  test('by its deadline', async () => {
    const interrupted = await holdHalfWay(scene(), { deadline: new Date(Date.now() + 4_000).toISOString() });
    await expectFailed(scene(), interrupted, 'DeadlineExceeded', /not done at its deadline/);
  });

  test('by a deadline that is over, before anything is started', async () => {
    const plan = await planFor(world, server, { databases: ['small'], deadline: '2020-01-01T00:00:00.000Z' });
    const run = await startRun(world, plan);
    const worker = startWorker(world, run);
    await expectFailed(scene(), { run, worker }, 'DeadlineExceeded', /deadline 2020/);
  });

  test('by a refused renewal half-way', async () => {
    const interrupted = await holdHalfWay(scene());
    await claim(interrupted.run, 'SET #owner = :value', 'arn:aws:states:::another');
    const refusedAt = Date.now();
    await expectFailed(scene(), interrupted, 'Cancelled', /was closed, or its source .* is claimed by another/);
    expect(Date.now() - refusedAt).toBeLessThan(BEAT_MS + END_MS);
  });
});

describe('just before the commit', () => {
  const small = async (): Promise<Interrupted> =>
    holdUp(scene(), await planFor(world, server, { databases: ['small'] }), 'evidence.json.gz', 0);

  test('a newer attempt has begun', async () => {
    const interrupted = await small();
    await claim(interrupted.run, 'SET attempt = :value', 2);
    interrupted.release();
    await expectFailed(scene(), interrupted, 'Cancelled', /is claimed by another/);
  });

  test('the execution was stopped', async () => {
    const interrupted = await small();
    await world.stepFunctions.send(new StopExecutionCommand({ executionArn: interrupted.run.executionArn }));
    interrupted.release();
    await expectFailed(scene(), interrupted, 'Cancelled', /has ended before its worker did/);
  });

  test('the run was closed: no outcome is written over it', async () => {
    const interrupted = await small();
    const { run, worker } = interrupted;
    await world.table.send(
      new UpdateCommand({
        TableName: TABLE,
        Key: run.key,
        UpdateExpression: 'SET #status = :aborted',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':aborted': 'aborted' },
      }),
    );
    await claim(run, 'SET #owner = :value', 'arn:aws:states:::another');
    interrupted.release();
    expect((await worker.ended).code).toBe(ERRORS.Cancelled.exit);
    expect(await outcomeOf(world, run)).toBeUndefined();
    expect(await leftovers(world, run, server)).toEqual(NOTHING);
  });

  test('the transaction that held the snapshot was ended', async () => {
    const interrupted = await small();
    await query(server, 'postgres', terminate("state = 'idle in transaction'"));
    interrupted.release();
    await expectFailed(scene(), interrupted, 'DumpFailed', /the session that held the snapshot was lost/);
  });
});

describe('the server', () => {
  test('ends the session of pg_dump', async () => {
    const interrupted = await holdHalfWay(scene());
    await query(server, 'postgres', terminate("query LIKE 'COPY%'"));
    interrupted.release();
    await expectFailed(
      scene(),
      interrupted,
      'DumpFailed',
      /pg_dump exited with code 1: .*PQget(?:CopyData|Result)\(\) failed/,
    );
  });

  test('restarts', async () => {
    const interrupted = await holdHalfWay(scene());
    process.kill(server.pid, 'SIGQUIT');
    interrupted.release();
    const { code } = await interrupted.worker.ended;
    expect(await failuresOf(world, interrupted.run)).toMatchObject([{ code: 'DumpFailed' }]);
    expect(code).toBe(ERRORS.DumpFailed.exit);
    expect(await leftovers(world, interrupted.run, undefined)).toEqual(NOTHING);
    await server.stop();
    server = await startSceneServer();
  });
});

test('pg_dump is killed', async () => {
  const interrupted = await holdHalfWay(scene());
  const [pid = 0] = await clientProcessIds(server.port);
  process.kill(pid, 'SIGKILL');
  interrupted.release();
  await expectFailed(scene(), interrupted, 'DumpFailed', /pg_dump was ended by SIGKILL/);
});

test('a worker that is killed takes pg_dump and its sessions along, and shows nothing', async () => {
  const { run, worker, release } = await holdHalfWay(scene());
  worker.child.kill('SIGKILL');
  await worker.ended;
  release();
  const isGone = async (): Promise<boolean> => {
    const left = await leftovers(world, run, server);
    return left.processes.length === 0 && left.sessions.length === 0;
  };
  while (!(await isGone())) await sleep(100);
  expect(await leftovers(world, run, server)).toMatchObject({ objects: [] });
  expect(await outcomeOf(world, run)).toBeUndefined();
});

function claim(run: TestRun, UpdateExpression: string, value: unknown): Promise<unknown> {
  return world.table.send(
    new UpdateCommand({
      TableName: TABLE,
      Key: activeKey(run.source),
      UpdateExpression,
      ...(UpdateExpression.includes('#owner') ? { ExpressionAttributeNames: { '#owner': 'owner' } } : {}),
      ExpressionAttributeValues: { ':value': value },
    }),
  );
}

const sessionsWhere = (condition: string, column: string): string =>
  `SELECT ${column} FROM pg_stat_activity WHERE application_name LIKE 'holdfast%' AND ${condition}`;

const terminate = (condition: string): string => sessionsWhere(condition, 'pg_terminate_backend(pid)');

async function waitingForLocks(): Promise<number> {
  return (await query(server, 'postgres', sessionsWhere("wait_event_type = 'Lock'", 'pid'))).length;
}
