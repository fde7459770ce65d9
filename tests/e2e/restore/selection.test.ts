/** Some tables or schemas, with what belongs to them, into a database of their own or beside what is there. */
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { PostgresServer } from '../../../local/postgres.ts';
import { planRestore, restoreWell, runRestore, type RestoreResult, type TestPoint } from '../support/restore-run.ts';
import { dumpShop, fillShop, startRestoreScene } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import type { WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let target: PostgresServer;
let point: TestPoint;

beforeAll(async () => {
  ({ world, source, target } = await startRestoreScene(keep));
  await fillShop(source);
  await query(
    source,
    'shop',
    `CREATE TABLE customer (id serial PRIMARY KEY, mood mood NOT NULL DEFAULT 'fine');
     INSERT INTO customer SELECT n FROM generate_series(1, 20) n;
     CREATE TABLE bill (id integer PRIMARY KEY, customer integer REFERENCES customer, note text);
     CREATE INDEX bill_note ON bill (lower(note));
     INSERT INTO bill SELECT n, n, 'bill ' || n FROM generate_series(1, 20) n;
     COMMENT ON COLUMN bill.note IS 'a remark';
     GRANT SELECT ON bill TO reporting;
     CREATE FUNCTION doubled(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
     CREATE TABLE computed (i integer, twice integer GENERATED ALWAYS AS (doubled(i)) STORED);
     INSERT INTO computed VALUES (1); CREATE PUBLICATION told FOR TABLE computed, bill`,
  );
  point = await dumpShop(world, source, 3);
});

afterEach(async () => {
  await query(target, 'postgres', 'DROP DATABASE IF EXISTS shop WITH (FORCE)');
});

/** The source has two. */
const LARGE_OBJECTS = { kind: 'left out', object: '2 large objects', detail: expect.any(String) as unknown };

const restore = async (change: Parameters<typeof planRestore>[3]): Promise<RestoreResult> =>
  restoreWell(world, await planRestore(world, point, target, change));

/** Of the source, the tables that are named. */
async function digestOf(names: readonly string[]): Promise<unknown> {
  return Object.fromEntries(
    Object.entries(await digestDatabase(source, 'shop')).filter(([name]) => names.includes(name)),
  );
}

test('a table that was dropped comes back beside what is there, with index, comment, privilege and foreign key', async () => {
  await query(target, 'postgres', 'CREATE DATABASE shop');
  await restore({});
  await query(target, 'shop', 'DROP TABLE bill, customer; CREATE TABLE mine AS SELECT 1 AS n');
  const definition = `SELECT indexdef AS text FROM pg_indexes WHERE tablename = 'bill' UNION ALL
    SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'bill'::regclass UNION ALL
    SELECT relacl::text FROM pg_class WHERE oid = 'bill'::regclass UNION ALL SELECT col_description('bill'::regclass, 3) ORDER BY 1`;
  const { outcome } = await restore({ tables: ['bill', 'public.cust*'], allowNotEmpty: true });
  expect(await query(target, 'shop', definition)).toEqual(await query(source, 'shop', definition));
  expect(await digestDatabase(target, 'shop')).toEqual({
    ...(await digestDatabase(source, 'shop')),
    'public.mine': { rows: 1, md5: expect.any(String) as unknown },
  });
  expect(outcome.restored).toMatchObject({ compared: { tables: 2, rows: 40, sequences: 1 } });
  expect(outcome.restored?.differences).toMatchObject([
    LARGE_OBJECTS,
    { kind: 'left out', object: 'PUBLICATION TABLE public.told bill' },
    { kind: 'kept as it is', object: 'TYPE public.mood' },
  ]);
});

test('a partitioned table means its leaves, and its type comes along', async () => {
  const { outcome } = await restore({ tables: ['measured'] });
  const { sequences, ...tables } = await digestDatabase(target, 'shop');
  expect(tables).toEqual(await digestOf(['public.measured']));
  expect(sequences?.rows).toBe(1);
  expect(outcome.restored?.compared).toMatchObject({ tables: 1, rows: 500, sequences: 1, largeObjects: 0 });
});

test('what needs a table that was not asked for is left out, and said', async () => {
  const { outcome } = await restore({ tables: ['bill'] });
  expect(await digestDatabase(target, 'shop')).toEqual(await digestOf(['public.bill']));
  expect(outcome.restored?.differences).toMatchObject([
    LARGE_OBJECTS,
    { kind: 'left out', object: 'FK CONSTRAINT public.bill bill_customer_fkey' },
    { kind: 'left out', object: 'PUBLICATION TABLE public.told bill' },
  ]);
});

test('what the target has is used as it is, and that is said', async () => {
  await query(target, 'postgres', 'CREATE DATABASE shop');
  await query(
    target,
    'shop',
    "CREATE FUNCTION doubled(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 100'",
  );
  const { outcome } = await restore({ tables: ['computed'], allowNotEmpty: true });
  expect(await query(target, 'shop', 'SELECT * FROM computed')).toEqual([{ i: 1, twice: 100 }]);
  expect(outcome.restored?.differences).toMatchObject([
    LARGE_OBJECTS,
    { kind: 'left out', object: 'PUBLICATION TABLE public.told computed' },
    { kind: 'kept as it is', object: 'FUNCTION public.doubled(integer)' },
  ]);
});

test('a schema comes with its tables', async () => {
  await restore({ schemas: ['audit'] });
  expect(await digestDatabase(target, 'shop')).toEqual(await digestOf(['audit.raw_calls', 'audit."Raw_Upper"']));
});

test.each([
  [{ tables: ['missing'] }, /^tables: no table of the dump matches missing: /],
  [{ schemas: ['missing'] }, /^schemas: no schema of the dump matches missing$/],
] as const)('a name that nothing has is refused: %j', async ({ ...names }, message) => {
  const lists = Object.fromEntries(Object.entries(names).map(([key, list]) => [key, [...list]]));
  const { outcome } = await runRestore(world, await planRestore(world, point, target, lists));
  expect(outcome).toMatchObject({ failure: { code: 'InvalidInput' }, targetState: 'untouched' });
  expect(outcome.failure?.message).toMatch(message);
});
