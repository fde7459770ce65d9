/** The worker's own modules against a server of a test, without a worker around them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../../../worker/postgres/server.ts';
import { query } from './worker-leftovers.ts';
import type { TestServer } from './worker-run.ts';

/** As resolveServer gives it. */
export function directServer({ host, port, user, password }: TestServer): Server {
  return {
    host,
    port,
    user,
    database: undefined,
    sslMode: 'disable',
    certificates: { file: '', pem: '', dispose: () => undefined },
    password: () => Promise.resolve(password),
  };
}

/** Returns when so many sessions of a database wait for a lock. */
export async function untilWaiting(server: TestServer, database: string, count = 1): Promise<void> {
  const sql = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '${database}'`;
  while ((await query(server, 'postgres', sql)).length < count) await sleep(20);
}

/** Returns when a worker has locked the table and has its snapshot. */
export async function untilHeld(server: TestServer, database: string, table: string): Promise<void> {
  const held = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE relation = '${table}'::regclass AND application_name LIKE 'holdfast%' AND state = 'idle in transaction'`;
  while ((await query(server, database, held)).length === 0) await sleep(20);
}
