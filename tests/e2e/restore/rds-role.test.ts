/** A restore by a role that RDS would give: CREATEDB and CREATEROLE, no superuser, extensions owned by the platform. */
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

let world: WorkerWorld;

beforeAll(async () => {
  world = await startWorkerWorld();
});

afterAll(async () => {
  await world.stop();
});

describe.each([15, 16, 17, 18] as const)('PostgreSQL %s', (major) => {
  let source: PostgresServer;
  let target: PostgresServer;
  let point: TestPoint;

  const fixture = async (name: string): Promise<string> => readFile(path.join(FIXTURES, name), 'utf8');

  beforeAll(async () => {
    source = await startPostgres({ major, password: 'secret' });
    await query(source, 'postgres', 'CREATE DATABASE shop');
    await query(source, 'shop', await fixture('odd.sql'));
    await query(source, 'shop', await fixture('hundreds.sql'));
    // A superuser needs no privilege to read what its materialized view is made of; its successor on RDS does.
    await query(source, 'shop', 'GRANT SELECT ON per_kind TO postgres');
    const plan = await planFor(world, source, { databases: ['shop'] });
    // One archive, or definitions apart from rows: with either, large objects are somewhere else before 17 than after.
    const jobs = major % 2 === 0 ? 1 : 3;
    point = await recordPoint(world, await runWorker(world, { ...plan, dump: { ...plan.dump, jobs } }));
    target = await startPostgres({ major, password: 'other', user: 'rdsadmin' });
    await query(target, 'postgres', `CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'master'`);
    // Roles that it may not grant, and that are members of one another already.
    await query(
      target,
      'postgres',
      'CREATE ROLE "team ""x""" NOLOGIN; CREATE ROLE reporting LOGIN; GRANT "team ""x""" TO reporting',
    );
  });

  afterAll(async () => {
    await target.stop();
    await source.stop();
  });

  test('comes back, but for what no such role may make, and that is listed', async () => {
    const master = { ...target, user: 'master', password: 'master' };
    await query(master, 'postgres', 'CREATE DATABASE shop');
    await query(target, 'shop', 'CREATE EXTENSION postgres_fdw');
    const { code, output, outcome } = await runRestore(world, await planRestore(world, point, master));
    expect({ code, output, failure: outcome.failure }).toEqual({ code: 0, output, failure: null });
    expect(await digestDatabase(target, 'shop')).toEqual(await digestDatabase(source, 'shop'));
    expect(await ownersOf(target)).toEqual(await ownersOf(source));
    expect(await query(target, 'shop', LENT_SQL)).toEqual(await query(source, 'shop', LENT_SQL));
    expect((outcome.restored?.differences ?? []).map(({ object }) => object).sort()).toEqual(LEFT_OUT);
  });

  test('refuses at once what nobody but a superuser can prepare', async () => {
    const master = { ...target, user: 'master', password: 'master' };
    const plan = await planRestore(world, point, master, { toDatabase: 'another' });
    const { code, outcome } = await runRestore(world, plan);
    expect(code).toBe(41);
    expect(outcome).toMatchObject({ targetState: 'untouched', databaseCreated: false });
    expect(outcome.failure?.message).toMatch(/^master may not create extensions postgres_fdw: /);
  });
});

/** Without what is left out. */
async function ownersOf(server: PostgresServer): Promise<unknown[]> {
  return query(
    server,
    'shop',
    `SELECT c.oid::regclass::text AS name, relowner::regrole::text AS owner FROM pg_class c
      WHERE relnamespace::regnamespace::text !~ '^pg_|information_schema' AND relkind <> 'f' ORDER BY c.oid::regclass::text COLLATE "C"`,
  );
}

/** Privileges to create, which the restore lends to owners for a while. */
const LENT_SQL = `
SELECT nspname AS schema, rolname AS role, has_schema_privilege(r.oid, n.oid, 'CREATE') AS may
  FROM pg_namespace n CROSS JOIN pg_roles r
 WHERE nspname !~ '^pg_' AND NOT rolsuper AND rolname IN ('odd owner', 'reporting', 'team "x"') ORDER BY 1, 2`;

const LEFT_OUT = [
  'ACL FOREIGN SERVER "far away"',
  'ACL LANGUAGE plpgsql',
  'ACL public.FUNCTION similarity(text, text)',
  'COMMENT EVENT TRIGGER "watch it"',
  ...['btree_gist', 'citext', 'hstore', 'ltree', 'pg_trgm', 'pgcrypto', 'postgres_fdw'].map(
    (name) => `COMMENT EXTENSION ${name}`,
  ),
  'COMMENT PUBLICATION everything',
  'COMMENT SERVER "far away"',
  // Its owner.
  'DATABASE shop',
  'EVENT TRIGGER watch it',
  'FOREIGN TABLE public.remote',
  'MATERIALIZED VIEW public.per_kind, public.on_top, public.summary',
  'OPERATOR CLASS public.backwards',
  'OPERATOR FAMILY names.op fam',
  'PUBLICATION TABLES IN SCHEMA схема "x" /../ 100% .a schema схема "x" /../ 100% ',
  'PUBLICATION everything',
  'SERVER far away',
  'USER MAPPING reporting SERVER far away',
];
