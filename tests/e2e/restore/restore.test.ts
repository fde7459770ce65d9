/** A recovery point comes back on every major on the next one and on the one before, digest for digest. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { planRestore, recordPoint, runRestore, type TestPoint } from '../support/restore-run.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/databases');
const DATABASE = 'odd "name"';

let world: WorkerWorld;

beforeAll(async () => {
  world = await startWorkerWorld();
});

afterAll(async () => {
  await world.stop();
});

describe.each([
  { major: 15, targets: [15, 16] },
  { major: 16, targets: [16, 17, 15] },
  { major: 17, targets: [17, 18, 16] },
  { major: 18, targets: [18, 17] },
] as const)('PostgreSQL $major', ({ major, targets }) => {
  let server: PostgresServer;
  let point: TestPoint;

  beforeAll(async () => {
    server = await startPostgres({ major, password: 'secret' });
    await query(server, 'postgres', `CREATE DATABASE "odd ""name"""`);
    await query(server, DATABASE, await readFile(path.join(FIXTURES, 'odd.sql'), 'utf8'));
    point = await recordPoint(world, await runWorker(world, await planFor(world, server, { databases: [DATABASE] })));
  });

  afterAll(async () => {
    await server.stop();
  });

  test.each(targets)('comes back on %s', async (targetMajor) => {
    const target = await startPostgres({ major: targetMajor, password: 'other' });
    try {
      const { code, output, outcome } = await runRestore(world, await planRestore(world, point, target));
      expect({ code, output, failure: outcome.failure }).toEqual({ code: 0, output, failure: null });
      const older = outcome.restored?.differences.filter(({ kind }) => kind === 'server');
      expect(older).toHaveLength(targetMajor < major ? 1 : 0);
      expect(await digestDatabase(target, DATABASE)).toEqual(await digestDatabase(server, DATABASE));
    } finally {
      await target.stop();
    }
  });
});
