/** Databases of very many tables: all are dumped, and the worker does not need much more memory for them. */
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { peakMebibytes } from '../support/peak-memory.ts';
import { query } from '../support/worker-leftovers.ts';
import { fetchEntries } from '../support/worker-restore.ts';
import { planFor } from '../support/worker-run.ts';
import { expectDumped, shareScene, startDump } from '../support/worker-scene.ts';

const COLLECT_GARBAGE = path.join(import.meta.dirname, '../../fixtures/collect-garbage.mjs');

const settings = { max_locks_per_transaction: 1024 };
const scene = shareScene({ major: 17, password: 'secret', settings });

/** @param create a statement with the number of the table as %s */
async function createTables(database: string, count: number, create: string): Promise<void> {
  await query(scene.server, 'postgres', `CREATE DATABASE ${database}`);
  const loop = `FOR n IN 1..${count} LOOP EXECUTE format('${create}', n); END LOOP`;
  await query(scene.server, database, `DO $$ BEGIN ${loop}; END $$`);
}

/** The most that a worker ever has while it dumps a database, when its garbage is collected all the time. */
async function peakOf(database: string): Promise<number> {
  const started = await startDump(scene, database, {
    NODE_OPTIONS: `--max-semi-space-size=1 --expose-gc --import ${COLLECT_GARBAGE}`,
  });
  const peak = await peakMebibytes(started.worker.child);
  await expectDumped(scene, started);
  return peak;
}

test('each table of ten thousand is in one of four archives', async () => {
  await createTables('many', 10_000, 'CREATE TABLE a_table_of_very_many_%s AS SELECT 1 AS n');
  const plan = await planFor(scene.world, scene.server, { databases: ['many'], dump: Dump.parse({ jobs: 4 }) });
  const { dump } = await expectDumped(scene, await startDump(scene, plan));
  expect(dump.totals).toMatchObject({ tables: 10_000, rows: 10_000 });
  const { 'schema.dump': schema, ...data } = await fetchEntries(scene.world, dump);
  expect(schema).toEqual([]);
  expect(Object.values(data).map(({ length }) => length)).toEqual([2500, 2500, 2500, 2500]);
  expect(new Set(Object.values(data).flat()).size).toBe(10_000);
});

test('twenty thousand tables take little more memory than five hundred', async () => {
  await createTables('few', 500, 'CREATE TABLE a_table_of_very_many_%s (n integer)');
  await createTables('most', 20_000, 'CREATE TABLE a_table_of_very_many_%s (n integer)');
  const few = await peakOf('few');
  expect(few).toBeGreaterThan(50);
  // Two part buffers of 5 MiB for the larger archive, and 8 MiB for the tables.
  expect(await peakOf('most')).toBeLessThan(few + 18);
});
