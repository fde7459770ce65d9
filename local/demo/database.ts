/** The demo's databases: made, restored and counted with the stock tools of PostgreSQL. */
import path from 'node:path';
import { execa } from 'execa';
import type { PostgresServer } from '../postgres.ts';

const SAMPLE = path.join(import.meta.dirname, 'sample-database.sql');

/** Runs a program of PostgreSQL; the password goes by environment, as everywhere. */
async function tool(server: PostgresServer, program: string, args: readonly string[], input = ''): Promise<string> {
  const { stdout } = await execa(path.join(server.pgBin, program), args, {
    env: {
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGPASSWORD: server.password,
      PGOPTIONS: '-c client_min_messages=warning',
    },
    input,
  });
  return stdout;
}

export async function createDatabase(server: PostgresServer, database: string): Promise<void> {
  await tool(server, 'createdb', [database]);
}

export async function fillSample(server: PostgresServer, database: string): Promise<void> {
  await tool(server, 'psql', ['-qX', '-v', 'ON_ERROR_STOP=1', '-f', SAMPLE, database]);
}

export async function restoreArchive(server: PostgresServer, database: string, archive: string): Promise<void> {
  await tool(server, 'pg_restore', ['--exit-on-error', '--dbname', database, archive]);
}

export async function dropTable(server: PostgresServer, database: string, table: string): Promise<void> {
  await tool(server, 'psql', ['-qX', '-v', 'ON_ERROR_STOP=1', '-c', `drop table ${table}`, database]);
}

/** Exact rows of every table, by name; a partitioned table counts as one. */
export async function countRows(server: PostgresServer, database: string): Promise<ReadonlyMap<string, number>> {
  const query = `select format('select %L, count(*) from %I', relname, relname) from pg_class
    where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by relname \\gexec`;
  const output = await tool(server, 'psql', ['-qXAt', '-F', '\t', database], query);
  return new Map(output.split('\n').map((line) => [line.split('\t')[0] ?? '', Number(line.split('\t')[1])]));
}
