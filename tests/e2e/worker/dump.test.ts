import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { leftovers, query } from '../support/worker-leftovers.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

let world: WorkerWorld;
let server: PostgresServer;

beforeAll(async () => {
  [world, server] = await Promise.all([startWorkerWorld(), startPostgres({ major: 17, password: 'p@ss/w:rd?#%' })]);
  await query(server, 'postgres', 'CREATE DATABASE shop');
  await query(server, 'shop', 'CREATE TABLE item AS SELECT n, md5(n::text) AS text FROM generate_series(1, 1000) n');
});

afterAll(async () => {
  await server.stop();
  await world.stop();
});

test('a database is dumped, visible and reported with exact counts', async () => {
  const { code, output, outcome, run } = await runWorker(world, await planFor(world, server, { databases: ['shop'] }));
  console.log(code, output, JSON.stringify(outcome, null, 1));
  expect(code).toBe(0);
  console.log(await leftovers(world, run, server));
});
