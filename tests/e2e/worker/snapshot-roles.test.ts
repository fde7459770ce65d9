/** What roles.sql brings back of a database beside its archive, by stock psql, in a database of another name. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { databaseIdentity, databaseSettings } from '../../../worker/postgres/database-facts.ts';
import { portableRoles } from '../../../worker/postgres/roles.ts';
import { openSession, type Session } from '../../../worker/postgres/session.ts';
import { directServer } from '../support/direct-server.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import type { TestServer } from '../support/worker-run.ts';

const SQL = `
CREATE ROLE "odd ""app""" LOGIN; CREATE ROLE reader; CREATE ROLE stranger;
COMMENT ON DATABASE source IS 'it''s 100 %I \\ done';
REVOKE ALL ON DATABASE source FROM PUBLIC;
GRANT CONNECT ON DATABASE source TO reader WITH GRANT OPTION;
GRANT CREATE, TEMPORARY ON DATABASE source TO "odd ""app""";
ALTER DATABASE source SET search_path = "$user", "Odd ""one"", two", public;
ALTER DATABASE source SET work_mem = '7MB';
ALTER DATABASE source SET app.motto = 'a, "b" and 50 %';
ALTER DATABASE source SET log_min_duration_statement = '3s';
ALTER ROLE reader IN DATABASE source SET statement_timeout = '5min';
`;

const keep = stopAfterTests();
let source: PostgresServer;
let target: PostgresServer;

beforeAll(async () => {
  source = await keep(startPostgres({ major: 17, password: 'secret' }));
  target = await keep(startPostgres({ major: 17, password: 'other' }));
  await query(source, 'postgres', 'CREATE DATABASE source');
  await query(source, 'source', SQL);
});

async function inside<T>(server: TestServer, database: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(directServer(server), { database, applicationName: 'holdfast test' });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** @returns what psql said */
async function runPsql(user: string, database: string, sql: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-roles-'));
  const file = path.join(folder, 'roles.sql');
  await writeFile(file, sql);
  const args = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--dbname=${database}`, `--file=${file}`];
  const env = { PGHOST: target.host, PGPORT: String(target.port), PGUSER: user, PGPASSWORD: target.password };
  const { stderr } = await promisify(execFile)(`${target.pgBin}/psql`, args, { env });
  await rm(folder, { recursive: true });
  return stderr;
}

test('settings, privileges and comment are those of the source', async () => {
  await query(target, 'postgres', 'CREATE DATABASE "another %s"');
  const sql = await inside(source, 'source', portableRoles);
  expect(await runPsql('postgres', 'another %s', sql)).toBe('');
  expect(await runPsql('postgres', 'another %s', sql)).toBe('');
  expect(await inside(target, 'another %s', databaseSettings)).toEqual(
    await inside(source, 'source', databaseSettings),
  );
  expect(await inside(target, 'another %s', databaseIdentity)).toEqual(
    await inside(source, 'source', databaseIdentity),
  );
  const roles = await query(target, 'postgres', `SELECT rolname FROM pg_roles WHERE oid >= 16384 ORDER BY 1`);
  expect(roles.map(({ rolname }) => rolname)).toEqual(['odd "app"', 'reader']);
});

test('what its owner may not set is a warning, and the rest is done', async () => {
  await query(target, 'postgres', "CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'other'");
  await query(target, 'postgres', 'CREATE DATABASE managed OWNER master');
  const said = await runPsql('master', 'managed', await inside(source, 'source', portableRoles));
  expect(said).toMatch(
    /WARNING: {2}not restored: ALTER DATABASE managed SET "log_min_duration_statement" TO '3s': permission denied/,
  );
  const { comment, acl } = await inside(target, 'managed', databaseIdentity);
  expect(comment).toBe("it's 100 %I \\ done");
  expect(acl).toContainEqual({ grantee: 'reader', privilege: 'CONNECT', grantable: true });
  expect(acl).not.toContainEqual(expect.objectContaining({ grantee: null }));
  const settings = await inside(target, 'managed', databaseSettings);
  expect(settings.map(({ name }) => name)).toEqual(['search_path', 'work_mem']);
});
