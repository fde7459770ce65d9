/**
 * The database that is dumped: of a size that is asked for, always the same for that size, of the kinds of data that
 * make dumps slow or fast.
 */
import path from 'node:path';
import type { PostgresServer } from '../../../local/postgres.ts';
import { runCommand } from '../../../local/run-command.ts';

export const DATABASE = 'bench';

export interface BenchDatabase {
  readonly wantedMb: number;
  /** pg_database_size: tables, indexes and the catalogue. */
  readonly sizeBytes: number;
  readonly tables: number;
  readonly indexes: number;
}

/** What the small tables and the catalogue of them take, whatever the size. */
const FIXED_MB = 60;
/** Of pgbench's accounts for one unit of its scale: 100,000 rows with their index. */
const SCALE_MB = 15;
const ACCOUNTS_SHARE = 0.45;
/** An event takes 1,050 bytes with its indexes: 45 %. */
const EVENTS_PER_MB = 430;
/** Rows of 24 KiB, and what one of 400 large objects has: 4 % each. */
const BLOBS_PER_MB = 1.8;
const LARGE_OBJECT_KIB_PER_MB = 0.1;

/** Makes the database, analysed and with nothing left for a vacuum to do. */
export async function buildDatabase(server: PostgresServer, wantedMb: number): Promise<BenchDatabase> {
  const run = postgresCommand(server);
  await run('createdb', [DATABASE]);
  const sql = (file: string, variables: Readonly<Record<string, number>> = {}): Promise<string> =>
    run('psql', [
      ...['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--dbname=${DATABASE}`],
      ...Object.entries(variables).map(([name, value]) => `--set=${name}=${value}`),
      `--file=${path.join(import.meta.dirname, file)}`,
    ]);
  const scaledMb = Math.max(1, wantedMb - FIXED_MB);
  const atLeastOne = (value: number): number => Math.max(1, Math.round(value));
  const scale = atLeastOne((scaledMb * ACCOUNTS_SHARE) / SCALE_MB);
  await Promise.all([
    sql('events.sql', { events: atLeastOne(scaledMb * EVENTS_PER_MB) }),
    // Tables, rows made by the server, primary keys.
    run('pgbench', ['--initialize', '--quiet', '--init-steps=dtGp', `--scale=${scale}`, DATABASE]),
  ]);
  const blobs = atLeastOne(scaledMb * BLOBS_PER_MB);
  const large_object_kib = atLeastOne(scaledMb * LARGE_OBJECT_KIB_PER_MB);
  await Promise.all([sql('blobs.sql', { blobs, large_object_kib }), sql('small-tables.sql')]);
  await run('vacuumdb', ['--analyze', '--jobs=2', '--quiet', DATABASE]);
  return { wantedMb, ...(await describe(run)) };
}

type Run = (program: string, args: readonly string[]) => Promise<string>;

/** A program of the server's own major, as its superuser. */
export function postgresCommand(server: PostgresServer): Run {
  const env = { ...process.env, ...libpqEnvironment(server), PGOPTIONS: '-c client_min_messages=warning' };
  return (program, args) => runCommand(path.join(server.pgBin, program), args, { env });
}

export function libpqEnvironment(server: PostgresServer): Record<string, string> {
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
    PGDATABASE: DATABASE,
  };
}

async function describe(run: Run): Promise<Omit<BenchDatabase, 'wantedMb'>> {
  const sql = `SELECT pg_database_size(current_database()),
    (SELECT count(*) FROM pg_tables WHERE schemaname = 'public'), (SELECT count(*) FROM pg_indexes WHERE schemaname = 'public')`;
  const answer = await run('psql', ['--no-psqlrc', '--tuples-only', '--no-align', '--command', sql]);
  const [sizeBytes = 0, tables = 0, indexes = 0] = answer.trim().split('|').map(Number);
  return { sizeBytes, tables, indexes };
}
