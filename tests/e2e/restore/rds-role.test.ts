/** A restore by a role that RDS would give: CREATEDB and CREATEROLE, no superuser, extensions owned by the platform. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { loggedDifferences, planRestore, runRestore, type TestPoint } from '../support/restore-run.ts';
import { dumpDatabase } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/databases');

const keep = stopAfterTests();
let world: WorkerWorld;

beforeAll(async () => {
  world = await keep(startWorkerWorld());
});

describe.each([15, 16, 17, 18] as const)('PostgreSQL %s', (major) => {
  const keep = stopAfterTests();
  let source: PostgresServer;
  let target: PostgresServer;
  let point: TestPoint;
  let master: PostgresServer;

  const fixture = async (name: string): Promise<string> => readFile(path.join(FIXTURES, name), 'utf8');

  beforeAll(async () => {
    source = await keep(startPostgres({ major, password: 'secret' }));
    await query(source, 'postgres', 'CREATE DATABASE shop');
    await query(source, 'shop', await fixture('odd.sql'));
    await query(source, 'postgres', 'CREATE DATABASE strange TEMPLATE shop');
    await query(source, 'strange', await fixture('strange.sql'));
    await query(source, 'shop', await fixture('hundreds.sql'));
    // A superuser needs no privilege to read what its materialized view is made of; its successor on RDS does.
    await query(source, 'shop', 'GRANT SELECT ON per_kind TO postgres');
    // One archive, or definitions apart from rows: with either, large objects are somewhere else before 17 than after.
    point = await dumpDatabase(world, source, 'shop', { jobs: major % 2 === 0 ? 1 : 3 });
    target = await keep(startPostgres({ major, password: 'other', user: 'rdsadmin' }));
    master = { ...target, user: 'master', password: 'master' };
    await query(target, 'postgres', `CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'master'`);
    // Roles that it may not grant, and that are members of one another already.
    await query(
      target,
      'postgres',
      'CREATE ROLE "team ""x""" NOLOGIN; CREATE ROLE reporting LOGIN; GRANT "team ""x""" TO reporting',
    );
  });

  test('comes back, but for what no such role may make, and that is listed', async () => {
    await query(master, 'postgres', 'CREATE DATABASE shop');
    await query(target, 'shop', 'CREATE EXTENSION postgres_fdw');
    const { code, output, outcome } = await runRestore(world, await planRestore(world, point, master));
    expect({ code, output, failure: outcome.failure }).toEqual({ code: 0, output, failure: null });
    expect(await digestDatabase(target, 'shop')).toEqual(await digestDatabase(source, 'shop'));
    expect(await ownersOf(target)).toEqual(await ownersOf(source));
    expect(await query(target, 'shop', LENT_SQL)).toEqual(await query(source, 'shop', LENT_SQL));
    expect(await query(target, 'postgres', JOINED_SQL)).toEqual([]);
    expect(
      loggedDifferences(output)
        .map(({ object }) => object)
        .sort(),
    ).toEqual(LEFT_OUT);
  });

  test('refuses at once what nobody but a superuser can prepare', async () => {
    const plan = await planRestore(world, point, master, { toDatabase: 'another' });
    const { code, outcome } = await runRestore(world, plan);
    expect(code).toBe(41);
    expect(outcome).toMatchObject({ targetState: 'untouched', databaseCreated: false });
    expect(outcome.failure?.message).toMatch(/^master may not create extensions postgres_fdw: /);
  });

  test('gives back what it has granted, also when it fails', async () => {
    await query(master, 'postgres', 'CREATE DATABASE taken');
    await query(master, 'taken', "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
    const strange = await dumpDatabase(world, source, 'strange', { jobs: 1 });
    const plan = await planRestore(world, strange, master, { toDatabase: 'taken', allowNotEmpty: true });
    const { outcome } = await runRestore(world, plan);
    expect(outcome).toMatchObject({ failure: { code: 'RestoreFailed' }, targetState: 'partial' });
    expect(outcome.failure?.message).toMatch(/touch.* already exists/);
    expect(await query(target, 'postgres', JOINED_SQL)).toEqual([]);
    const lent = await query(target, 'taken', LENT_SQL);
    expect(lent.filter(({ schema, may }) => schema === 'public' && may === true)).toEqual([]);
  });

  test('makes a database and gives it away', async () => {
    const strange = await dumpDatabase(world, source, 'strange');
    const { output, outcome } = await runRestore(world, await planRestore(world, strange, master));
    expect({ output, failure: outcome.failure }).toEqual({ output, failure: null });
    const { 'large objects': _, ...rows } = await digestDatabase(source, 'strange');
    expect(await digestDatabase(target, 'strange')).toMatchObject(rows);
    const owner = `SELECT datdba::regrole::text AS owner, datconnlimit FROM pg_database WHERE datname = 'strange'`;
    expect(await query(target, 'postgres', owner)).toEqual(await query(source, 'postgres', owner));
    expect(await query(target, 'postgres', JOINED_SQL)).toEqual([]);
    const differences = loggedDifferences(output);
    // From 16 on it takes the admin option to become a member of a role that is there already.
    const ofReporting = major > 15 ? OF_REPORTING : [];
    expect(differences.map(({ kind, object }) => `${kind}: ${object}`).sort()).toEqual(
      [...STRANGE, ...ofReporting].sort(),
    );
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

/** Roles that the one who restores has made itself a member of, to give them what they own. */
const JOINED_SQL = `
SELECT roleid::regrole::text AS role FROM pg_auth_members m
 WHERE member = 'master'::regrole AND COALESCE((to_jsonb(m) ->> 'set_option')::boolean, true)`;

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
  ...['on_top', 'per_kind', 'summary'].map((name) => `MATERIALIZED VIEW public.${name}`),
  'OPERATOR CLASS public.backwards',
  'OPERATOR FAMILY names.op fam',
  'PUBLICATION TABLES IN SCHEMA схема "x" /../ 100% .a schema схема "x" /../ 100% ',
  'PUBLICATION everything',
  'SERVER far away',
  'USER MAPPING reporting SERVER far away',
];

const OF_REPORTING = ['left out: DEFAULT ACL DEFAULT PRIVILEGES FOR TYPES', 'setting: search_path of reporting'];

const STRANGE = [
  'altered: ACL LARGE OBJECT 5000001',
  'altered: ACL SCHEMA near',
  'altered: ACL strange.COLUMN c2.id',
  'altered: ACL strange.TABLE c1',
  'altered: FUNCTION strange.leaky(integer)',
  'altered: FUNCTION strange.supported(integer)',
  'left out: ACCESS METHOD heap2',
  'left out: ACL FOREIGN DATA WRAPPER dummy',
  'left out: AGGREGATE strange.percent(double precision, anyelement)',
  'left out: COMMENT EXTENSION hstore',
  'left out: COMMENT FOREIGN DATA WRAPPER dummy',
  'left out: COMMENT strange.COLUMN foreign_one.a',
  'left out: EVENT TRIGGER dropped',
  'left out: EVENT TRIGGER rewritten',
  'left out: FOREIGN DATA WRAPPER dummy',
  'left out: FOREIGN TABLE strange.foreign_one',
  'left out: FUNCTION strange.base_in(cstring)',
  'left out: FUNCTION strange.base_out(strange.base)',
  'left out: FUNCTION strange.handler()',
  'left out: FUNCTION strange.poly(anyelement, anyarray, "any")',
  'left out: PROCEDURAL LANGUAGE mylang',
  'left out: SERVER on_dummy',
  'left out: SHELL TYPE strange.base',
  'left out: SUBSCRIPTION sub',
  'left out: TEXT SEARCH PARSER strange.parser',
  'left out: TEXT SEARCH TEMPLATE strange.template',
  'left out: TRANSFORM FOR integer LANGUAGE sql',
  'left out: TRIGGER strange.foreign_one foreign_trigger',
  'left out: TYPE strange.base',
  'left out: TYPE strange.shell_only',
  'left out: USER MAPPING public SERVER on_dummy',
  ...['public.summary', 'strange.mv1', 'strange.mv4'].map((name) => `recomputed: MATERIALIZED VIEW ${name}`),
];
