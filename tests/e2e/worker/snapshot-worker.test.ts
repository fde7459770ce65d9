/** What happens to the sessions of a dump while the worker is at it. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { PostgresServer } from '../../../local/postgres.ts';
import { clientAfter } from '../support/worker-clients.ts';
import { query } from '../support/worker-leftovers.ts';
import { fetchEvidence, fetchObject, onlyDump } from '../support/worker-restore.ts';
import { outcomeOf, planFor, startRun, startWorker } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import { expectFailed, holdHalfWay, startSceneServer, type Scene } from '../support/worker-scene.ts';
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

test('timeouts of the role do not end a dump that takes longer', async () => {
  await query(server, 'postgres', "CREATE ROLE hurried LOGIN PASSWORD 'secret'; GRANT pg_read_all_data TO hurried");
  for (const name of ['statement', 'idle_in_transaction_session', 'transaction', 'idle_session', 'lock'])
    await query(server, 'postgres', `ALTER ROLE hurried SET ${name}_timeout = '1s'`);
  const { connection } = await planFor(world, { ...server, user: 'hurried' });
  const { worker, run, release } = await holdHalfWay(scene(), { connection });
  await sleep(2_000);
  release();
  const dump = onlyDump({ ...(await worker.ended), outcome: await outcomeOf(world, run), run });
  expect((await fetchEvidence(world, dump)).tables).toMatchObject([{ name: 'noise', rows: 72 }]);
});

test('the session that holds the snapshot is ended half-way', async () => {
  const interrupted = await holdHalfWay(scene());
  const holder = "application_name LIKE 'holdfast%' AND state = 'idle in transaction'";
  const ended = await query(
    server,
    'postgres',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${holder}`,
  );
  expect(ended).toHaveLength(1);
  interrupted.release();
  await expectFailed(scene(), interrupted, 'DumpFailed', /terminating connection due to administrator command/);
});

describe('DDL of others', () => {
  const REFILL = 'TRUNCATE item; INSERT INTO item SELECT n FROM generate_series(1, 10) n';

  test('that comes before pg_dump has its locks goes first, and nothing is lost', async () => {
    const HOLDFAST_PG_ROOT = await clientAfter(world.toolchain.pgRoot, 17, 'sleep 2');
    const plan = await planFor(world, server, { databases: ['small'] });
    const run = await startRun(world, plan);
    const worker = startWorker(world, run, { HOLDFAST_PG_ROOT });
    await untilHeld('small');
    await query(server, 'small', REFILL);
    const { output, code } = await worker.ended;
    const dump = onlyDump({ output, code, outcome: await outcomeOf(world, run), run });
    expect(output).toMatch(/behind sessions that wait for this dump: .*TRUNCATE on public\.item/);
    expect((await fetchEvidence(world, dump)).tables).toEqual([{ schema: 'public', name: 'item', rows: 10 }]);
    expect(await copiedLines(await fetchObject(world, dump, 'archive'))).toBe(10);
    await rm(HOLDFAST_PG_ROOT, { recursive: true });
  });

  test('that comes half-way waits, and is named in the warnings', async () => {
    const { worker, run, release } = await holdHalfWay(scene());
    const altered = query(server, 'large', "ALTER TABLE noise ADD COLUMN note text DEFAULT 'pass word'");
    await sleep(3_000);
    release();
    const { output, code } = await worker.ended;
    const dump = onlyDump({ output, code, outcome: await outcomeOf(world, run), run });
    const warning = /^process \d+ of postgres \(.*\) waits for this dump since .*Z: ALTER TABLE on public\.noise$/;
    expect(dump.warnings).toEqual([expect.stringMatching(warning)]);
    expect(output).not.toContain('pass word');
    await altered;
    await query(server, 'large', 'ALTER TABLE noise DROP COLUMN note');
  });

  test('ends the dump where onBlockedDdl is fail', async () => {
    const { dump } = await planFor(world, server);
    const interrupted = await holdHalfWay(scene(), { dump: { ...dump, onBlockedDdl: 'fail' } });
    const truncated = query(server, 'large', 'BEGIN; TRUNCATE noise; ROLLBACK');
    await expectFailed(scene(), interrupted, 'LockTimeout', /: TRUNCATE on public\.noise; onBlockedDdl is fail$/);
    await truncated;
  });

  /** Returns when a worker has locked the table. */
  async function untilHeld(database: string): Promise<void> {
    const held = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE relation = 'item'::regclass AND application_name LIKE 'holdfast%' AND state = 'idle in transaction'`;
    while ((await query(server, database, held)).length === 0) await sleep(20);
  }

  /** Rows of numbers in an archive, by pg_restore. */
  async function copiedLines(archive: Buffer): Promise<number> {
    const restore = promisify(execFile)(`${server.pgBin}/pg_restore`, ['--data-only', '--file=-']);
    restore.child.stdin?.end(archive);
    return (await restore).stdout.split('\n').filter((line) => /^\d+$/.test(line)).length;
  }
});
