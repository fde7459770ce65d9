/** A server, with a database of its own for each test, whose tables the worker's own modules lock and read. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, beforeEach } from '@jest/globals';
import { Client } from 'pg';
import { Dump } from '../../../core/config/dump.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { holdSnapshot, type HolderOptions, type SnapshotHolder } from '../../../worker/postgres/snapshot.ts';
import { directServer } from './direct-server.ts';
import { stopAfterTests } from './stop-after-tests.ts';
import { query } from './worker-leftovers.ts';

export const PASSWORD = 'secret';
/** Rows of the table `item`. */
export const ROWS = 100;

export interface SharedDatabase {
  readonly server: PostgresServer;
  /** With the table `item`, another one for each test. */
  readonly database: string;
  /** For sessions of the worker. */
  readonly session: Pick<HolderOptions, 'database' | 'applicationName'>;
  hold(dump?: Partial<Dump>, options?: Partial<HolderOptions>): Promise<SnapshotHolder>;
  /** A session of somebody else, with a transaction that stays open until `COMMIT`. */
  begin(sql: string): Promise<Client>;
  /** Lines of numbers in what pg_dump writes of the rows on a snapshot. */
  dumpedRows(snapshot: string): Promise<number>;
}

/** For the tests of a file. */
export function shareDatabase(): SharedDatabase {
  const keep = stopAfterTests();
  let server: PostgresServer;
  let databases = 0;
  const name = (): string => `db_${databases}`;
  const session = (): SharedDatabase['session'] => ({ database: name(), applicationName: 'holdfast test' });
  beforeAll(async () => {
    server = await keep(startPostgres({ major: 17, password: PASSWORD, settings: { max_prepared_transactions: 2 } }));
  });
  beforeEach(async () => {
    databases += 1;
    await query(server, 'postgres', `CREATE DATABASE ${name()}`);
    await query(server, name(), `CREATE TABLE item AS SELECT n FROM generate_series(1, ${ROWS}) n`);
  });
  return {
    get server() {
      return server;
    },
    get database() {
      return name();
    },
    get session() {
      return session();
    },
    hold: (dump = {}, options = {}) =>
      holdSnapshot(directServer(server), { ...Dump.parse({}), ...dump }, { ...session(), ...options }),
    begin: async (sql) => {
      const client = new Client({ ...server, database: name() });
      // The server ends it with itself, where a test failed before its end.
      client.on('error', () => undefined);
      await client.connect();
      await client.query(`BEGIN; ${sql}`);
      return client;
    },
    dumpedRows: async (snapshot) => {
      const { stdout } = await promisify(execFile)(
        `${server.pgBin}/pg_dump`,
        ['--data-only', '--lock-wait-timeout=300', `--snapshot=${snapshot}`, name()],
        { env: { PGHOST: server.host, PGPORT: String(server.port), PGUSER: server.user, PGPASSWORD: PASSWORD } },
      );
      return stdout.split('\n').filter((line) => /^\d+$/.test(line)).length;
    },
  };
}

export function namesOf({ relations }: SnapshotHolder): string[] {
  return [...relations].map(({ name }) => name);
}
