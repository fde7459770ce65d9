import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type ClientConfig } from 'pg';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { runCommand } from '../../../local/run-command.ts';
import { POSTGRES_MAJORS } from '../../../local/toolchain/postgres.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';

/** The first start on a machine may install that major. */
const START_TIMEOUT_MS = 120_000;
const PASSWORD = `p@ss:/?#[]' "\\%w`;

async function query(server: PostgresServer, sql: string, config: ClientConfig = {}): Promise<unknown[]> {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database: 'postgres', ...config });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe.each(POSTGRES_MAJORS)('PostgreSQL %i', (major) => {
  const keep = stopAfterTests();
  let server: PostgresServer;
  beforeAll(async () => {
    const settings = { max_connections: 12, work_mem: '5MB' };
    server = await keep(startPostgres({ major, password: PASSWORD, settings }));
  }, START_TIMEOUT_MS);

  it('is that major, with the settings asked for, on this machine only', async () => {
    const names = ['server_version_num', 'listen_addresses', 'max_connections', 'work_mem'];
    const columns = names.map((name) => `current_setting('${name}') as ${name}`).join(', ');
    expect(await query(server, `select ${columns}`)).toEqual([
      {
        server_version_num: expect.stringMatching(new RegExp(`^${major}\\d{4}$`)),
        listen_addresses: '127.0.0.1',
        max_connections: '12',
        work_mem: '5MB',
      },
    ]);
  });

  it('wants the password', async () => {
    await expect(query(server, 'select 1', { password: 'guessed' })).rejects.toThrow(/password authentication failed/);
    const trusted = await query(server, "select * from pg_hba_file_rules where auth_method <> 'scram-sha-256'");
    expect(trusted).toEqual([]);
  });

  it('has clients of the same version that need no environment', async () => {
    for (const program of ['pg_dump', 'pg_restore', 'psql', 'pg_dumpall', 'createdb']) {
      const said = await runCommand(path.join(server.pgBin, program), ['--version'], { env: {} });
      expect(said).toContain(`(PostgreSQL) ${major}.`);
    }
  });

  it('has the extensions of contrib, those with a libpq of their own too', async () => {
    for (const extension of ['hstore', 'pg_trgm', 'dblink', 'postgres_fdw']) {
      await query(server, `create extension if not exists ${extension}`);
    }
    const { port, user } = server;
    const address = `host=127.0.0.1 port=${port} user=${user} dbname=postgres password=''${PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "\\''")}''`;
    expect(await query(server, `select * from dblink('${address}', 'select 7') as t(n int)`)).toEqual([{ n: 7 }]);
  });
});

describe('startPostgres', () => {
  it(
    'serves TLS with a certificate to verify',
    async () => {
      const server = await startPostgres({ major: 17, password: PASSWORD, tls: true });
      try {
        const address = `host=127.0.0.1 port=${server.port} user=postgres sslmode=verify-full sslrootcert=${server.caFile}`;
        const sql = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
        const env = { PGPASSWORD: PASSWORD };
        expect(await runCommand(path.join(server.pgBin, 'psql'), ['-Atc', sql, address], { env })).toBe('t\n');
      } finally {
        await server.stop();
      }
    },
    START_TIMEOUT_MS,
  );

  it(
    'leaves no process and no file',
    async () => {
      const server = await startPostgres({ major: 16, password: PASSWORD });
      const session = new Client({ host: server.host, port: server.port, user: server.user, password: PASSWORD });
      session.on('error', () => undefined);
      await session.connect();
      await server.stop();
      expect(() => process.kill(server.pid, 0)).toThrow(/ESRCH/);
      expect(existsSync(path.dirname(server.logFile))).toBe(false);
    },
    START_TIMEOUT_MS,
  );

  it(
    'says why a server does not start',
    async () => {
      const started = startPostgres({ major: 16, password: PASSWORD, settings: { shared_buffers: 'much' } });
      await expect(started).rejects.toThrow(
        /did not start on port \d+: .*invalid value for parameter "shared_buffers"/s,
      );
    },
    START_TIMEOUT_MS,
  );
});
