/** What is not as it was is said: by restores, by restore tests, and in the worker's log to the last object. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { planRestore, runRestore, runRestoreTest, type TestPoint } from '../support/restore-run.ts';
import { dumpDatabase } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let target: PostgresServer;

beforeAll(async () => {
  [world, source, target] = await Promise.all([
    keep(startWorkerWorld()),
    keep(startPostgres({ major: 17, password: 'secret' })),
    keep(startPostgres({ major: 17, password: 'other' })),
  ]);
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
  const RAW = leftOut('TABLE audit.raw', 'its rows are not in the dump: excludeTableData');
  const ALL = [
    RAW,
    leftOut('TABLE public.bulky', 'not in the dump: excludeTables'),
    leftOut('SEQUENCE public.bulky_n_seq', 'not in the dump: excludeTables'),
    leftOut('SEQUENCE public.counted', 'its value is not in the dump: excludeTableData'),
    leftOut('TABLE public.parted_2', 'its rows are not in the dump: excludeTableData'),
    leftOut('MATERIALIZED VIEW public.summed', 'its rows are not in the dump: excludeTableData'),
    leftOut('PUBLICATION told', 'not in the dump: --no-publications'),
    leftOut('SECURITY LABEL table audit.kept', 'not in the dump: --no-security-labels'),
  ];

  test('is a difference of its restore and of its restore test', async () => {
    const { outcome, output } = await runRestore(world, await planRestore(world, point, target));
    expect({ output, failure: outcome.failure }).toEqual({ output, failure: null });
    expect(outcome.restored).toMatchObject({ compared: { tables: 3, rows: 2, sequences: 0 }, differences: ALL });
    const { outcome: tested } = await runRestoreTest(world, point);
    expect(tested).toMatchObject({ failure: null, databases: [{ differences: ALL }] });
  });

  test.each([
    [{ tables: ['audit.*'] }, [RAW]],
    [{ schemas: ['audit'] }, [RAW]],
    [{ tables: ['parted'] }, [ALL[4]]],
    [{ tables: ['audit.kept'] }, []],
  ])('is one of what %j asks for', async (change, differences) => {
    const plan = await planRestore(world, point, target, { toDatabase: 'lean_part', ...change });
    const { outcome } = await runRestore(world, plan);
    await query(target, 'postgres', 'DROP DATABASE lean_part');
    expect(outcome).toMatchObject({ failure: null, restored: { differences } });
  });
});
