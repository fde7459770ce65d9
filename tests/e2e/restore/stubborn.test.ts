/** What comes back only with the right owners, settings, order or place: from a database that has all of it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { restoreCommands } from '../../../core/postgres/restore-commands.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { planRestore, restoreWell, runRestore, runRestoreTest, type TestPoint } from '../support/restore-run.ts';
import { dumpDatabase, startRestoreScene } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import { paste } from '../support/worker-restore.ts';
import { BUCKET, type WorkerWorld } from '../support/worker-world.ts';

const FIXTURE = path.join(import.meta.dirname, '../../fixtures/databases/stubborn.sql');

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
/** Its superuser has another name than that of the source. */
let target: PostgresServer;
let point: TestPoint;

beforeAll(async () => {
  ({ world, source, target } = await startRestoreScene(keep, {
    source: { settings: { allow_in_place_tablespaces: 'on' } },
    target: { user: 'boss' },
  }));
  await query(source, 'postgres', "CREATE TABLESPACE fast LOCATION ''");
  await query(source, 'postgres', 'CREATE DATABASE stubborn');
  await query(source, 'stubborn', await readFile(FIXTURE, 'utf8'));
  point = await dumpDatabase(world, source, 'stubborn', { jobs: 3 });
});

/** The target lacks a tablespace. */
const DIFFERENCES = [
  { kind: 'tablespace', object: 'fast', detail: expect.any(String) as unknown },
  {
    kind: 'recomputed',
    object: 'MATERIALIZED VIEW public.counted, MATERIALIZED VIEW public.grouped',
    detail: expect.any(String) as unknown,
  },
  { kind: 'not analyzed', object: 'TABLE public.heirs', detail: expect.any(String) as unknown },
];

async function contentOf(server: PostgresServer): Promise<unknown> {
  const triggers = `SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger ORDER BY 1, 2`;
  const owners = `SELECT evtname AS name, evtowner::regrole::text AS owner FROM pg_event_trigger UNION ALL
                  SELECT fdwname, fdwowner::regrole::text FROM pg_foreign_data_wrapper`;
  return {
    rows: await digestDatabase(server, 'stubborn'),
    triggers: await query(server, 'stubborn', triggers),
    owners: await query(server, 'stubborn', owners),
  };
}

test('a restore test needs no role to be what it was: nothing of it is owned by anybody who matters', async () => {
  const checks = [{ name: 'nulls', sql: 'select count(*) from public.arrays where words[2] is null', expect: 3 }];
  const { outcome, output } = await runRestoreTest(world, point, { checks });
  expect({ output, failure: outcome.failure }).toEqual({ output, failure: null });
  expect(outcome.databases[0]?.differences).toEqual(DIFFERENCES);
});

test('a restore says before it begins which owners would have to be superusers', async () => {
  const { outcome } = await runRestore(world, await planRestore(world, point, target));
  expect(outcome).toMatchObject({ failure: { code: 'RestoreFailed' }, targetState: 'untouched' });
  expect(outcome.failure?.message).toBe(
    'only a superuser may own FOREIGN DATA WRAPPER nowhere, EVENT TRIGGER noted, and on the target these owners are none: ' +
      'postgres: make them superusers there',
  );
});

test('and names what an owner lacks where that shows in the end only', async () => {
  await query(source, 'postgres', 'CREATE DATABASE indexed');
  await query(
    source,
    'indexed',
    `CREATE FUNCTION next(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
     ALTER FUNCTION next OWNER TO app; REVOKE ALL ON FUNCTION next FROM PUBLIC;
     CREATE TABLE numbers AS SELECT n FROM generate_series(1, 5) n; CREATE INDEX ON numbers (next(n));
     CREATE SUBSCRIPTION held CONNECTION 'host=127.0.0.1 port=1' PUBLICATION none WITH (connect = false)`,
  );
  const indexed = await dumpDatabase(world, source, 'indexed');
  const { outcome } = await runRestore(world, await planRestore(world, indexed, target));
  expect(outcome).toMatchObject({ failure: { code: 'RestoreFailed' }, targetState: 'untouched', rolesCreated: [] });
  expect(outcome.failure?.message).toMatch(
    /^ANALYZE failed, which computes .* of its owner, .*: .*permission denied for function next/,
  );
});

test('where they are it comes back, and settings of the database change nothing that is read', async () => {
  await query(target, 'postgres', 'CREATE ROLE postgres SUPERUSER');
  const { outcome } = await restoreWell(world, await planRestore(world, point, target));
  expect(outcome.restored?.differences).toEqual(DIFFERENCES);
  expect(outcome.rolesCreated).toEqual(['app', 'rds_superuser', 'rdsadmin']);
  expect(await contentOf(target)).toEqual(await contentOf(source));
});

test('its commands end at the first that fails', async () => {
  await query(target, 'postgres', 'DROP DATABASE stubborn WITH (FORCE)');
  const { objects, ...dump } = point.dump;
  const damaged = objects.map((object) => (object.role === 'schema' ? { ...object, sha256: '0'.repeat(64) } : object));
  const pasted = paste(world, restoreCommands({ ...dump, objects: damaged }, BUCKET), target, 17);
  await expect(pasted).rejects.toThrow(/did NOT match/);
  expect(await query(target, 'postgres', "SELECT FROM pg_database WHERE datname = 'stubborn'")).toEqual([]);
});

test('its commands bring it back too', async () => {
  await paste(world, restoreCommands(point.dump, BUCKET), target, 17);
  expect(await contentOf(target)).toEqual(await contentOf(source));
});
