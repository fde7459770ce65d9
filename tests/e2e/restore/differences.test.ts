/** What is not as it was is said: by restores, by restore tests, and in the worker's log to the last object. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PostgresServer } from '../../../local/postgres.ts';
import type { Evidence } from '../../../core/manifest.ts';
import {
  changeDump,
  loggedDifferences,
  planRestore,
  restoreWell,
  runRestore,
  runRestoreTest,
  type TestPoint,
} from '../support/restore-run.ts';
import { dumpDatabase, startRestoreScene, withEvidence } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import type { WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let target: PostgresServer;

beforeAll(async () => {
  ({ world, source, target } = await startRestoreScene(keep));
});

describe('what the dump was told to leave out', () => {
  let point: TestPoint;

  beforeAll(async () => {
    await query(source, 'postgres', 'CREATE DATABASE lean');
    await query(
      source,
      'lean',
      `CREATE SCHEMA audit; CREATE TABLE audit.raw AS SELECT 1 AS n; CREATE TABLE audit.kept AS SELECT 1 AS n;
       CREATE TABLE bulky (n integer GENERATED ALWAYS AS IDENTITY); INSERT INTO bulky DEFAULT VALUES;
       CREATE MATERIALIZED VIEW summed AS SELECT sum(n) FROM audit.kept;
       CREATE SEQUENCE counted; SELECT nextval('counted');
       CREATE TABLE parted (n integer) PARTITION BY LIST (n); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
       CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2); INSERT INTO parted VALUES (1), (2);
       CREATE PUBLICATION told FOR TABLE audit.kept;
       INSERT INTO pg_seclabel VALUES ('audit.kept'::regclass, 'pg_class'::regclass, 0, 'guard', 'secret')`,
    );
    point = await dumpDatabase(world, source, 'lean', {
      excludeTables: ['public.bulky'],
      excludeTableData: ['audit.raw', 'summed', 'counted', 'parted_2'],
      extraArgs: ['--no-publications', '--no-security-labels'],
    });
  });

  const leftOut = (object: string, detail: string): unknown => ({ kind: 'left out at the dump', object, detail });
  const EMPTY = 'its rows are not in the dump: excludeTableData';
  const MISSING = 'not in the dump: excludeTables';
  const ALL = [
    leftOut('TABLE audit.raw, TABLE public.parted_2, MATERIALIZED VIEW public.summed', EMPTY),
    leftOut('TABLE public.bulky, SEQUENCE public.bulky_n_seq', MISSING),
    leftOut('SEQUENCE public.counted', 'its value is not in the dump: excludeTableData'),
    leftOut('PUBLICATION told', 'not in the dump: --no-publications'),
    leftOut('SECURITY LABEL table audit.kept', 'not in the dump: --no-security-labels'),
  ];

  test('is a difference of its restore and of its restore test', async () => {
    const { outcome } = await restoreWell(world, await planRestore(world, point, target));
    expect(outcome.restored).toMatchObject({ compared: { tables: 3, rows: 2, sequences: 0 }, differences: ALL });
    const { outcome: tested } = await runRestoreTest(world, point);
    expect(tested).toMatchObject({ failure: null, databases: [{ differences: ALL }] });
  });

  test.each([
    [{ tables: ['audit.*', 'parted'] }, [leftOut('TABLE audit.raw, TABLE public.parted_2', EMPTY)]],
    [{ schemas: ['audit'] }, [leftOut('TABLE audit.raw', EMPTY)]],
    [{ tables: ['audit.kept'] }, []],
  ])('is one of what %j asks for', async (change, differences) => {
    const plan = await planRestore(world, point, target, { toDatabase: 'lean_part', ...change });
    const { outcome } = await restoreWell(world, plan);
    await query(target, 'postgres', 'DROP DATABASE lean_part');
    expect(outcome.restored?.differences).toEqual(differences);
  });
});

test('whose everything is, is one line for each owner; the log names all of it', async () => {
  await query(source, 'postgres', 'CREATE DATABASE owned');
  await query(
    source,
    'owned',
    `CREATE ROLE stranger; CREATE ROLE alien;
     DO $$ BEGIN FOR n IN 1..30 LOOP EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY)', n);
                                     EXECUTE format('ALTER TABLE t%s OWNER TO stranger', n); END LOOP; END $$;
     CREATE TABLE other (id serial); ALTER TABLE other OWNER TO alien;
     CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
     CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted()`,
  );
  const point = await dumpDatabase(world, source, 'owned', { jobs: 2 });
  await query(
    target,
    'postgres',
    "CREATE ROLE stranger; CREATE ROLE alien; CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'm'",
  );
  const master = { ...target, user: 'master', password: 'm' };
  const { outcome, output } = await restoreWell(world, await planRestore(world, point, master));
  const [first, ...others] = outcome.restored?.differences ?? [];
  expect(first).toMatchObject({ kind: 'left out', object: 'EVENT TRIGGER noted' });
  expect(others.filter(({ detail }) => /stranger|alien/.test(detail))).toMatchObject([
    { kind: 'owner', object: 'TABLE public.other, SEQUENCE public.other_id_seq' },
    { kind: 'owner', object: expect.stringMatching(/^TABLE public\.t1, .* and 50 more$/) as unknown },
  ]);
  const ofStranger = loggedDifferences(output).filter(({ detail }) => detail.includes('stranger'));
  expect(ofStranger).toHaveLength(60);
  expect(outcome.restored?.differencesOmitted).toBe(0);
});

describe('what belongs to the database itself', () => {
  let point: TestPoint;

  beforeAll(async () => {
    await query(source, 'postgres', 'CREATE DATABASE itself CONNECTION LIMIT 7');
    await query(
      source,
      'itself',
      `CREATE ROLE tenant; CREATE ROLE landlord; ALTER DATABASE itself OWNER TO landlord;
       COMMENT ON DATABASE itself IS 'the good one'; REVOKE ALL ON DATABASE itself FROM PUBLIC;
       GRANT CONNECT ON DATABASE itself TO tenant; ALTER DATABASE itself SET work_mem = '5MB';
       ALTER ROLE tenant IN DATABASE itself SET work_mem = '6MB'; CREATE TABLE a AS SELECT 1 AS n`,
    );
    point = await dumpDatabase(world, source, 'itself');
  });

  const altered = async (change: (evidence: Evidence) => Partial<Evidence>): Promise<TestPoint> => {
    const objects = await withEvidence(world, point, (evidence) => ({ ...evidence, ...change(evidence) }));
    return changeDump(world, point, { objects });
  };

  test('is compared by a restore test, with nothing to say where it is as it was', async () => {
    const { outcome } = await runRestoreTest(world, point);
    expect(outcome).toMatchObject({ failure: null, databases: [{ differences: [] }] });
  });

  test('makes a restore test fail where it is not', async () => {
    const other = await altered(({ database, settings }) => {
      if (database === undefined) throw new Error('the evidence has no database');
      const acl = database.acl.map((one) => (one.grantee === 'tenant' ? { ...one, privilege: 'CREATE' } : one));
      const [ofAll, ofTenant] = settings;
      if (ofAll === undefined || ofTenant === undefined) throw new Error('the evidence lacks settings');
      return { settings: [{ ...ofAll, value: '8MB' }], database: { ...database, owner: 'vanished', acl } };
    });
    const { outcome } = await runRestoreTest(world, other);
    expect(outcome.failure?.code).toBe('RestoreMismatch');
    const mismatches = outcome.failure?.message
      .replace(/^.* is not what was dumped: /, '')
      .replace(/holdfast_\w+/, 'us');
    expect(mismatches?.split(/, (?=setting|owner|privilege)/)).toEqual([
      'setting of work_mem: it has another value: the target has not taken it',
      'setting of work_mem of tenant: it is set, and was not in the source',
      'owner of DATABASE itself: its owner is us, in the source vanished',
      'privilege of DATABASE itself: CREATE to tenant is not granted',
      'privilege of DATABASE itself: CONNECT to tenant is granted, and was not in the source',
    ]);
  });

  test('may have settings that no other server takes', async () => {
    const platforms = { name: 'apg_enable_something', value: 'on', role: null };
    const locale = { name: 'lc_messages', value: 'xx_XX.UTF-8', role: 'tenant' };
    const { outcome } = await runRestoreTest(
      world,
      await altered(({ settings }) => ({ settings: [...settings, platforms, locale] })),
    );
    expect(outcome).toMatchObject({
      failure: null,
      databases: [
        {
          differences: [
            { kind: 'refused setting', object: 'apg_enable_something' },
            { kind: 'refused setting', object: 'lc_messages of tenant' },
          ],
        },
      ],
    });
  });
});

test('a database that was there and empty gets its settings and privileges, and what it keeps is listed', async () => {
  await query(source, 'postgres', 'CREATE DATABASE furnished');
  await query(
    source,
    'furnished',
    `CREATE ROLE guest; CREATE ROLE host; ALTER DATABASE furnished OWNER TO host;
     COMMENT ON DATABASE furnished IS 'the good one'; REVOKE ALL ON DATABASE furnished FROM PUBLIC;
     GRANT CONNECT ON DATABASE furnished TO guest; ALTER DATABASE furnished SET work_mem = '5MB';
     ALTER ROLE guest IN DATABASE furnished SET work_mem = '6MB'; ALTER DATABASE furnished CONNECTION LIMIT 7`,
  );
  const point = await dumpDatabase(world, source, 'furnished');
  await query(target, 'postgres', 'CREATE DATABASE furnished');
  await query(target, 'postgres', 'CREATE ROLE lodger; GRANT CREATE ON DATABASE furnished TO lodger');
  const { outcome } = await runRestore(world, await planRestore(world, point, target));
  expect(outcome).toMatchObject({ failure: null, databaseCreated: false });
  const facts = `SELECT datacl::text AS acl, shobj_description(d.oid, 'pg_database') AS comment,
                        (SELECT array_agg(setconfig::text ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
                   FROM pg_database d WHERE datname = 'furnished'`;
  expect(await query(target, 'postgres', facts)).toEqual([
    {
      acl: '{postgres=CTc/postgres,lodger=C/postgres,guest=c/postgres,host=CTc/postgres}',
      comment: 'the good one',
      settings: ['{work_mem=5MB}', '{work_mem=6MB}'],
    },
  ]);
  const object = 'DATABASE furnished';
  expect(outcome.restored?.differences).toEqual([
    { kind: 'owner', object, detail: 'its owner is postgres, in the source host' },
    { kind: 'connection limit', object, detail: 'its connection limit is -1, in the source 7' },
    { kind: 'privilege', object, detail: 'CREATE to lodger is granted, and was not in the source' },
  ]);
});
