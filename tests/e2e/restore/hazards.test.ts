/** Databases and moments that are out of the ordinary: nothing restored passes for more than it is, and nothing else is lost. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { PostgresServer } from '../../../local/postgres.ts';
import {
  changeDump,
  planRestore,
  restoreWell,
  runRestore,
  runRestoreTest,
  startRestore,
  storedOutcome,
  type TestPoint,
} from '../support/restore-run.ts';
import {
  dumpDatabase,
  fetchBytes,
  objectOf,
  putVersion,
  startRestoreScene,
  withEvidence,
  withObject,
} from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import { startWorker } from '../support/worker-run.ts';
import { startS3Proxy } from '../support/worker-s3-proxy.ts';
import type { WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let target: PostgresServer;

beforeAll(async () => {
  ({ world, source, target } = await startRestoreScene(keep));
});

async function dumpOf(database: string, sql: string): Promise<TestPoint> {
  await query(source, 'postgres', `CREATE DATABASE ${database}`);
  await query(source, database, sql);
  return dumpDatabase(world, source, database);
}

const commentOf = async (database: string): Promise<unknown> =>
  (
    await query(
      target,
      'postgres',
      `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = '${database}'`,
    )
  )[0]?.['comment'];

describe('a database without a table', () => {
  let point: TestPoint;

  beforeAll(async () => {
    point = await dumpOf(
      'code',
      `CREATE SCHEMA shop; CREATE FUNCTION shop.price() RETURNS integer LANGUAGE sql AS 'SELECT 111222333'`,
    );
  });

  test('comes back, and passes a restore test', async () => {
    const { outcome } = await runRestore(world, await planRestore(world, point, target));
    expect(outcome).toMatchObject({ failure: null, restored: { compared: { tables: 0, largeObjects: 0 } } });
    expect(await query(target, 'code', 'SELECT shop.price()')).toEqual([{ price: 111222333 }]);
    const { outcome: tested } = await runRestoreTest(world, point);
    expect(tested).toMatchObject({ failure: null, databases: [{ compared: { tables: 0 } }] });
  });

  test.each([
    ['all of it', {}],
    ['a schema', { schemas: ['shop'] }],
  ])('is damaged, though no row is due: %s', async (_, change) => {
    const archive = objectOf(point, 'archive');
    const bytes = await fetchBytes(world, archive);
    const at = bytes.indexOf('111222333');
    bytes.writeUInt8(bytes.readUInt8(at) ^ 8, at);
    const { versionId, checksum } = await putVersion(world, archive, bytes);
    const damaged = await changeDump(world, point, {
      objects: withObject(point, { ...archive, versionId, checksum }),
    });
    const plan = await planRestore(world, damaged, target, { toDatabase: 'damaged', ...change });
    const { outcome } = await runRestore(world, plan);
    expect(outcome).toMatchObject({ failure: { code: 'ChecksumMismatch' }, targetState: 'untouched' });
    expect(await query(target, 'postgres', `SELECT FROM pg_database WHERE datname = 'damaged'`)).toEqual([]);
    await changeDump(world, point, {});
  });

  test('had another head when it was first looked at', async () => {
    const proxy = await startS3Proxy(world.emulator.endpoint);
    let gets = 0;
    proxy.treat = (request, key) => {
      if (request !== 'get' || !key.endsWith('archive.dump')) return 'forward';
      gets += 1;
      return gets === 1 ? 'flip-last' : 'forward';
    };
    const plan = await planRestore(world, point, target, { toDatabase: 'damaged' });
    const { outcome } = await runRestore(world, plan, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
    await proxy.close();
    expect(outcome).toMatchObject({ failure: { code: 'ChecksumMismatch' }, targetState: 'untouched' });
    expect(outcome.failure?.message).toMatch(/archive\.dump was read twice, and the first time it had another head$/);
  });
});

test('an extension that a superuser has put into a schema of its own is no content, and the schema is kept', async () => {
  const point = await dumpOf('foreigners', 'CREATE SCHEMA ext; CREATE EXTENSION postgres_fdw SCHEMA ext');
  await query(target, 'postgres', `CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'master'`);
  const master = { ...target, user: 'master', password: 'master' };
  await query(master, 'postgres', 'CREATE DATABASE foreigners');
  await query(target, 'foreigners', 'CREATE SCHEMA ext; CREATE EXTENSION postgres_fdw SCHEMA ext');
  const { outcome } = await restoreWell(world, await planRestore(world, point, master));
  expect(outcome.restored?.differences).toContainEqual({
    kind: 'kept as it is',
    object: 'SCHEMA ext',
    detail: 'the target has it already',
  });
});

test('the role that a database sets for its sessions is none of the restore', async () => {
  const point = await dumpOf(
    'staged',
    `CREATE ROLE stage; GRANT ALL ON SCHEMA public TO stage; CREATE TABLE prop AS SELECT 1 AS n;
     ALTER TABLE prop OWNER TO stage; ALTER DATABASE staged SET role = stage`,
  );
  await query(target, 'postgres', `CREATE ROLE producer LOGIN CREATEDB CREATEROLE PASSWORD 'producer'`);
  const producer = { ...target, user: 'producer', password: 'producer' };
  const { outcome } = await restoreWell(world, await planRestore(world, point, producer));
  expect(outcome.restored?.differences.map(({ kind }) => kind)).not.toContain('setting');
  const facts = `SELECT has_schema_privilege('stage', 'public', 'CREATE') AS "mayCreate",
                        (SELECT array_agg(setconfig::text) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
                   FROM pg_database d WHERE datname = 'staged'`;
  expect(await query(target, 'staged', facts)).toEqual([{ mayCreate: true, settings: ['{role=stage}'] }]);
});

test('who grants a privilege on a table may use its schema by then', async () => {
  const point = await dumpOf(
    'crowded',
    `CREATE SCHEMA crowd; CREATE TABLE crowd.place AS SELECT 1 AS n; CREATE ROLE usher; CREATE ROLE visitor;
     DO $$ BEGIN FOR n IN 1..500 LOOP
       EXECUTE format('CREATE ROLE person_%s; GRANT USAGE ON SCHEMA crowd TO person_%1$s', n);
     END LOOP; END $$;
     GRANT USAGE ON SCHEMA crowd TO usher; GRANT SELECT ON crowd.place TO usher WITH GRANT OPTION;
     SET ROLE usher; GRANT SELECT ON crowd.place TO visitor`,
  );
  await restoreWell(world, await planRestore(world, point, target));
  const granted = `SELECT has_table_privilege('visitor', 'crowd.place', 'SELECT') AS granted`;
  expect(await query(target, 'crowded', granted)).toEqual([{ granted: true }]);
});

test('what is not equal to its evidence keeps its mark', async () => {
  const point = await dumpOf(
    'unequal',
    'CREATE ROLE keeper; ALTER DATABASE unequal OWNER TO keeper; CREATE TABLE a (n integer)',
  );
  const objects = await withEvidence(world, point, (evidence) => ({
    ...evidence,
    tables: evidence.tables.map((table) => ({ ...table, rows: 1 })),
  }));
  const altered = await changeDump(world, point, { objects });
  const { outcome } = await runRestore(world, await planRestore(world, altered, target));
  expect(outcome).toMatchObject({ failure: { code: 'RestoreMismatch' }, targetState: 'complete' });
  expect(await commentOf('unequal')).toMatch(/^not complete: being restored by holdfast, /);
});

describe('somebody else', () => {
  let point: TestPoint;

  beforeAll(async () => {
    point = await dumpOf('contested', 'CREATE TABLE a AS SELECT n FROM generate_series(1, 1000) n');
  });

  test('restores into it, or did so until it was killed: it only looks empty', async () => {
    await query(target, 'postgres', 'CREATE DATABASE begun');
    await query(target, 'postgres', `COMMENT ON DATABASE begun IS 'not complete: being restored by holdfast, other-1'`);
    const { outcome } = await runRestore(world, await planRestore(world, point, target, { toDatabase: 'begun' }));
    expect(outcome).toMatchObject({ failure: { code: 'TargetNotEmpty' }, targetState: 'untouched' });
    expect(outcome.failure?.message).toMatch(/^database begun was not completed by restore other-1: drop it if /);
  });

  const precious = async (): Promise<unknown> => query(target, 'contested', 'SELECT * FROM precious');

  test('makes a database of that name between the look and the restore: it stays', async () => {
    const blocker = new Client({ ...target, database: 'postgres' });
    await blocker.connect();
    // CREATE DATABASE waits for it.
    await blocker.query(`BEGIN; COMMENT ON DATABASE template0 IS 'held'`);
    const restoring = runRestore(world, await planRestore(world, point, target));
    await waitingFor(`wait_event_type = 'Lock' AND query LIKE 'CREATE DATABASE "contested"%'`);
    await query(target, 'postgres', 'CREATE DATABASE contested TEMPLATE template1');
    await query(target, 'contested', 'CREATE TABLE precious AS SELECT 1 AS n');
    await blocker.query('ROLLBACK');
    await blocker.end();
    const { outcome } = await restoring;
    expect(outcome).toMatchObject({ targetState: 'untouched', databaseCreated: false, rolesCreated: [] });
    expect(outcome.failure).toEqual({
      code: 'TargetNotEmpty',
      message: expect.stringMatching(/^database contested was made by somebody else just now: /) as unknown,
    });
    expect(await precious()).toEqual([{ n: 1 }]);
  });

  test('puts another in the place of the one that is being restored: it is not taken back with it', async () => {
    await query(target, 'postgres', 'DROP DATABASE contested');
    const proxy = await startS3Proxy(world.emulator.endpoint);
    const held = Promise.withResolvers<undefined>();
    const goOn = Promise.withResolvers<'forward'>();
    let gets = 0;
    proxy.treat = (request, key) => {
      if (request !== 'get' || !key.endsWith('archive.dump')) return 'forward';
      gets += 1;
      if (gets === 1) return 'forward';
      held.resolve(undefined);
      return goOn.promise;
    };
    const run = await startRestore(world, await planRestore(world, point, target));
    const worker = startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
    await held.promise;
    await query(target, 'postgres', 'DROP DATABASE contested WITH (FORCE)');
    await query(target, 'postgres', 'CREATE DATABASE contested');
    await query(target, 'contested', 'CREATE TABLE precious AS SELECT 1 AS n');
    goOn.resolve('forward');
    const { output } = await worker.ended;
    await proxy.close();
    expect(await storedOutcome(world, run, output)).toMatchObject({ failure: { code: 'RestoreFailed' } });
    expect(await precious()).toEqual([{ n: 1 }]);
  });
});

async function waitingFor(condition: string): Promise<void> {
  const sql = `SELECT FROM pg_stat_activity WHERE ${condition}`;
  while ((await query(target, 'postgres', sql)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
