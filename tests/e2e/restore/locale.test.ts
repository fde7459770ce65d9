/** Databases that do not sort, or do not write, their text as others do. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PostgresServer } from '../../../local/postgres.ts';
import type { Evidence } from '../../../core/manifest.ts';
import { changeDump, planRestore, restoreWell, runRestoreTest, type TestPoint } from '../support/restore-run.ts';
import { dumpDatabase, startRestoreScene, withEvidence } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import type { WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let target: PostgresServer;

beforeAll(async () => {
  ({ world, source, target } = await startRestoreScene(keep));
});

async function differencesOf(point: TestPoint, change: Parameters<typeof planRestore>[3] = {}): Promise<unknown> {
  const { outcome } = await restoreWell(world, await planRestore(world, point, target, change));
  return outcome.restored?.differences;
}

describe('the locale C.UTF-8 of the server itself, which has versions', () => {
  let point: TestPoint;
  let recorded: Evidence | undefined;

  beforeAll(async () => {
    await query(
      source,
      'postgres',
      "CREATE DATABASE builtin LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' TEMPLATE template0",
    );
    await query(source, 'builtin', `CREATE TABLE word AS SELECT 'É' AS text, lower('É') AS lower`);
    point = await dumpDatabase(world, source, 'builtin');
  });

  test('comes back as it was, with nothing to say', async () => {
    expect(await differencesOf(point)).toEqual([]);
    const lower = `SELECT lower(text) = lower AS equal FROM word`;
    expect(await query(target, 'builtin', lower)).toEqual([{ equal: true }]);
  });

  test('of another version, which is said', async () => {
    const objects = await withEvidence(world, point, (evidence) => {
      recorded = evidence;
      const { database } = evidence;
      return { ...evidence, ...(database && { database: { ...database, collationVersion: '0.9' } }) };
    });
    expect(recorded?.database?.collationVersion).toBe('1');
    const older = await changeDump(world, point, { objects });
    expect(await differencesOf(older, { toDatabase: 'another' })).toEqual([
      {
        kind: 'collation',
        object: 'DATABASE another',
        detail: expect.stringMatching(
          /^its locale builtin C\.UTF-8 .* has version 1, the source had 0\.9: /,
        ) as unknown,
      },
    ]);
    await changeDump(world, point, {});
  });

  test('in a database with another locale, which is said', async () => {
    await query(target, 'postgres', 'CREATE DATABASE plain');
    expect(await differencesOf(point, { toDatabase: 'plain' })).toContainEqual({
      kind: 'collation',
      object: 'DATABASE plain',
      detail: 'it has the locale libc C, the source had builtin C.UTF-8 and libc C: text sorts and compares otherwise',
    });
  });
});

describe.each([
  ['LATIN1', 'Größe é'],
  ['EUC_JP', '日本語 名'],
  ['SQL_ASCII', 'Größe 日本'],
])('a database in %s', (encoding, name) => {
  const database = encoding.toLowerCase();
  let point: TestPoint;

  beforeAll(async () => {
    await query(source, 'postgres', `CREATE DATABASE ${database} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
    await query(
      source,
      database,
      `CREATE SCHEMA "${name}";
       CREATE TABLE "${name}"."${name}" (id serial PRIMARY KEY, "${name}" text);
       INSERT INTO "${name}"."${name}" ("${name}") SELECT '${name} ' || n FROM generate_series(1, 10) n;
       CREATE TABLE other AS SELECT 1 AS n;
       COMMENT ON TABLE "${name}"."${name}" IS '${name}'`,
    );
    point = await dumpDatabase(world, source, database, { jobs: 3 });
  });

  test('comes back', async () => {
    expect(await differencesOf(point)).toEqual([]);
    expect(await digestDatabase(target, database)).toEqual(await digestDatabase(source, database));
    await query(target, 'postgres', `DROP DATABASE ${database}`);
  });

  test('a table of it is found by its name, and compared', async () => {
    const plan = await planRestore(world, point, target, { tables: [`"${name}"."${name}"`] });
    const { outcome } = await restoreWell(world, plan);
    expect(outcome.restored?.compared).toMatchObject({ tables: 1, rows: 10, sequences: 1 });
    const rows = `SELECT * FROM "${name}"."${name}" ORDER BY id`;
    expect(await query(target, database, rows)).toEqual(await query(source, database, rows));
  });
});

test('a database postgres with an encoding of its own is tested like any other', async () => {
  const maintenance = { ...source };
  await query(maintenance, 'template1', 'DROP DATABASE postgres WITH (FORCE)');
  await query(maintenance, 'template1', `CREATE DATABASE postgres TEMPLATE template0 ENCODING 'LATIN1'`);
  await query(source, 'postgres', `CREATE TABLE words AS SELECT U&'\\00E9' AS word`);
  const point = await dumpDatabase(world, source, 'postgres');
  const { outcome } = await runRestoreTest(world, point);
  expect(outcome).toMatchObject({ failure: null, databases: [{ compared: { tables: 1, rows: 1 } }] });
});
