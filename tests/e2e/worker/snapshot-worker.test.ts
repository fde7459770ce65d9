/** What happens to the sessions of a dump while the worker is at it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { PostgresServer } from '../../../local/postgres.ts';
import { query } from '../support/worker-leftovers.ts';
import { fetchEvidence, onlyDump } from '../support/worker-restore.ts';
import { outcomeOf, planFor } from '../support/worker-run.ts';
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
