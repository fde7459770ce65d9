/** Half-way through a dump: what the outside does to the worker, and that nothing of it is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import { activeKey } from '../../../core/keys.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { clientProcessIds, leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { outcomeOf, planFor, startRun, startWorker, type TestRun, type WorkerProcess } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import { startWorkerWorld, TABLE, type WorkerWorld } from '../support/worker-world.ts';

jest.setTimeout(180_000);

/** More than all part buffers hold, so that a dump whose parts are held up stays half-way. */
const MEBIBYTES = 72;

let world: WorkerWorld;
let server: PostgresServer;
let proxy: S3Proxy;

async function startServer(): Promise<void> {
  server = await startPostgres({ major: 17, password: 'secret' });
  await query(server, 'postgres', 'CREATE DATABASE large');
  await query(
    server,
    'large',
    `CREATE TABLE noise AS SELECT n, bytes FROM generate_series(1, ${MEBIBYTES}) n, LATERAL (
       SELECT decode(string_agg(md5(random()::text || i), ''), 'hex') AS bytes
         FROM generate_series(1, 65536) i WHERE n > 0) random_bytes`,
  );
  await query(server, 'postgres', 'CREATE DATABASE small');
  await query(server, 'small', 'CREATE TABLE item AS SELECT n FROM generate_series(1, 10) n');
}

beforeAll(async () => {
  [world] = await Promise.all([startWorkerWorld(), startServer()]);
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

interface Interrupted {
  readonly run: TestRun;
  readonly worker: WorkerProcess;
  /** Lets S3 take what it was sent. */
  readonly release: () => void;
}

/** Returns when S3 holds up the part of an object with that ending, after `free` parts of it. */
async function startAndHold(plan: DumpPlan, ending: string, free: number): Promise<Interrupted> {
  const held = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<'forward'>();
  let parts = 0;
  proxy.treat = (request, key) => {
    if (request !== 'part' || !key.endsWith(ending) || ++parts <= free) return 'forward';
    held.resolve(undefined);
    return released.promise;
  };
  const run = await startRun(world, plan);
  const worker = startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
  const ended = worker.ended.then(({ output }) => {
    throw new Error(`the worker ended before it was held up: ${output}`);
  });
  await Promise.race([held.promise, ended]);
  ended.catch(() => undefined);
  return {
    run,
    worker,
    release: () => {
      released.resolve('forward');
    },
  };
}

async function half(change: Partial<DumpPlan> = {}): Promise<Interrupted> {
  const interrupted = await startAndHold(
    await planFor(world, server, { databases: ['large'], ...change }),
    'archive.dump',
    1,
  );
  // Until every buffer waits for S3 and pg_dump waits for the worker.
  while (proxy.count('part') < 5) await sleep(10);
  return interrupted;
}

async function expectFailed({ run, worker }: Interrupted, code: ErrorCode, message: RegExp): Promise<void> {
  const { code: exitCode, output } = await worker.ended;
  expect({ output, failures: await failuresOf(run) }).toEqual({
    output,
    failures: [{ code, message: expect.stringMatching(message) as unknown }],
  });
  expect(exitCode).toBe(ERRORS[code].exit);
  expect(await leftovers(world, run, server)).toEqual(NOTHING);
}

async function failuresOf(run: TestRun): Promise<unknown[]> {
  const outcome = await outcomeOf(world, run);
  const failures = outcome?.databases.flatMap((database) => (database.status === 'failed' ? [database.failure] : []));
  return [...(outcome?.failure ? [outcome.failure] : []), ...(failures ?? ['no outcome'])];
}

describe('the worker is told to end', () => {
  test('by SIGTERM', async () => {
    const interrupted = await half();
    const before = await leftovers(world, interrupted.run, server);
    expect(before).toMatchObject({ uploads: [expect.any(String)], objects: [] });
    expect(before.processes).toHaveLength(1);
    expect(before.sessions).toHaveLength(2);
    interrupted.worker.child.kill('SIGTERM');
    await expectFailed(interrupted, 'Cancelled', /stopped by SIGTERM/);
  });

  test('by SIGTERM while it waits for a lock', async () => {
    const blocker = query(server, 'small', 'BEGIN; LOCK TABLE item; SELECT pg_sleep(600)').catch(() => undefined);
    const plan = await planFor(world, server, { databases: ['small'] });
    const run = await startRun(world, plan);
    const worker = startWorker(world, run);
    while ((await waitingForLocks()) === 0) await sleep(50);
    worker.child.kill('SIGTERM');
    await expectFailed({ run, worker, release: () => undefined }, 'Cancelled', /stopped by SIGTERM/);
    await query(
      server,
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'",
    );
    await blocker;
  });

  test('by its deadline', async () => {
    const interrupted = await half({ deadline: new Date(Date.now() + 4_000).toISOString() });
    await expectFailed(interrupted, 'DeadlineExceeded', /not done at its deadline/);
  });

  test('by a deadline that is over, before anything is started', async () => {
    const plan = await planFor(world, server, { databases: ['small'], deadline: '2020-01-01T00:00:00.000Z' });
    const run = await startRun(world, plan);
    const worker = startWorker(world, run);
    await expectFailed({ run, worker, release: () => undefined }, 'DeadlineExceeded', /deadline 2020/);
  });

  test('by a refused renewal half-way', async () => {
    const interrupted = await half();
    await claim(interrupted.run, 'SET #owner = :value', 'arn:aws:states:::another');
    await expectFailed(interrupted, 'Cancelled', /was closed, or its source .* is claimed by another/);
  });
});

describe('just before the commit', () => {
  const small = async (): Promise<Interrupted> =>
    startAndHold(await planFor(world, server, { databases: ['small'] }), 'evidence.json.gz', 0);

  test('a newer attempt has begun', async () => {
    const interrupted = await small();
    await claim(interrupted.run, 'SET attempt = :value', 2);
    interrupted.release();
    await expectFailed(interrupted, 'Cancelled', /is claimed by another/);
  });

  test('the execution was stopped', async () => {
    const interrupted = await small();
    await world.stepFunctions.send(new StopExecutionCommand({ executionArn: interrupted.run.executionArn }));
    interrupted.release();
    await expectFailed(interrupted, 'Cancelled', /has ended before its dump did/);
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
    await expectFailed(interrupted, 'DumpFailed', /the session that held the snapshot was lost/);
  });
});

describe('the server', () => {
  test('ends the session of pg_dump', async () => {
    const interrupted = await half();
    await query(server, 'postgres', terminate("query LIKE 'COPY%'"));
    interrupted.release();
    await expectFailed(interrupted, 'DumpFailed', /pg_dump exited with code 1: .*PQgetCopyData\(\) failed/);
  });

  test('restarts', async () => {
    const interrupted = await half();
    process.kill(server.pid, 'SIGQUIT');
    interrupted.release();
    const { code } = await interrupted.worker.ended;
    expect(await failuresOf(interrupted.run)).toMatchObject([{ code: 'DumpFailed' }]);
    expect(code).toBe(ERRORS.DumpFailed.exit);
    expect(await leftovers(world, interrupted.run, undefined)).toEqual(NOTHING);
    await server.stop();
    await startServer();
  });
});

test('pg_dump is killed', async () => {
  const interrupted = await half();
  const [pid = 0] = await clientProcessIds(server.port);
  process.kill(pid, 'SIGKILL');
  interrupted.release();
  await expectFailed(interrupted, 'DumpFailed', /pg_dump was ended by SIGKILL/);
});

test('a worker that is killed takes pg_dump and its sessions along, and shows nothing', async () => {
  const { run, worker, release } = await half();
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

describe('S3', () => {
  test('goes away half-way: the outcome says so, and the upload that is left can be found', async () => {
    const interrupted = await half();
    await proxy.close();
    const { code } = await interrupted.worker.ended;
    const message = /S3 did not take .*archive\.dump: .*ECONNREFUSED.*; and uploads stay open: .*archive\.dump/;
    expect(await failuresOf(interrupted.run)).toEqual([
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

  test.each(['gone', 'taken'] as const)(
    'loses the answer to a completion and says "%s" to the next',
    async (second) => {
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
    },
  );

  test.each(['gone', 'taken'] as const)('says "%s" to the first completion: the dump has failed', async (first) => {
    proxy.treat = (request, key) => (request === 'complete' && key.endsWith('archive.dump') ? first : 'forward');
    const run = await startRun(world, await planFor(world, server, { databases: ['small'] }));
    const worker = startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
    await expectFailed({ run, worker, release: () => undefined }, 'UploadFailed', /S3 did not take .*archive\.dump/);
  });
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
