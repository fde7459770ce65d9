/** Sessions of the worker on the server: opened with one deadline, closed without leaving a backend behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type QueryResult, type QueryResultRow } from 'pg';
import { HoldfastError } from '../../core/errors.ts';
import { connectError, isTransient, queryError } from './connect-error.ts';
import type { Server } from './server.ts';
import { tlsChoices, type TlsChoice } from './tls.ts';

const CONNECT_TIMEOUT_MS = 60_000;
const RETRY_DELAY_MS = 2_000;
const CLOSE_TIMEOUT_MS = 3_000;

export interface Session {
  /** Rows of one statement. Rejects with the reason when the session was lost. */
  rows<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Statements whose rows do not matter. */
  run(sql: string): Promise<void>;
  /** How many rows each MOVE or COPY among the statements has passed. */
  rowsPassed(statements: readonly string[]): Promise<number[]>;
  /** Ends the session; after a few seconds its socket is closed whatever the server does. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly database: string;
  /** Shown in pg_stat_activity; leftovers of a run are found by it. */
  readonly applicationName: string;
  /** Cuts the session, whatever it is doing; what it was doing rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What every session sets for itself, where the server's version knows it. */
const SETTINGS = {
  // The role's and the database's own timeouts would end a long dump half-way.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  // A restore writes; what only reads says so itself.
  default_transaction_read_only: 'off',
  // A worker that dies without a word does not leave a count running for hours.
  client_connection_check_interval: '2s',
  row_security: 'off',
  // Without sequential scans rows are counted through an index, and this would let some of them pass.
  gin_fuzzy_search_limit: '0',
  // A count reads several times faster than pg_dump: with more processes it would only take time from it.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  // Cursors are read to their end.
  cursor_tuple_fraction: '1',
  DateStyle: 'ISO',
  TimeZone: 'UTC',
};

const SETTINGS_SQL = `
SELECT pg_catalog.set_config(wanted.name, wanted.value, false)
  FROM (VALUES ${Object.entries(SETTINGS)
    .map(([name, value]) => `('${name}', '${value}')`)
    .join(', ')}) AS wanted (name, value)
  JOIN pg_catalog.pg_settings ON pg_catalog.lower(pg_settings.name) = pg_catalog.lower(wanted.name)`;

/** @throws SourceUnreachable within 60 s, AuthFailed, DatabaseNotFound, AccessDenied, or the signal's reason */
export async function openSession(server: Server, options: SessionOptions): Promise<Session> {
  const deadline = Date.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      return await tryChoices(server, options, deadline);
    } catch (error) {
      options.signal?.throwIfAborted();
      const again = isTransient(error) && Date.now() + RETRY_DELAY_MS < deadline;
      if (!again) throw connectError(server, options.database, error);
      await sleep(RETRY_DELAY_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
}

async function tryChoices(server: Server, options: SessionOptions, deadline: number): Promise<Session> {
  const [first, second] = tlsChoices(server.sslMode, server.host, server.certificates);
  if (first === undefined) throw new HoldfastError('UnexpectedError', `ssl mode ${server.sslMode} gives no choice`);
  if (second === undefined) return connect(server, options, first, deadline);
  try {
    return await connect(server, options, first, deadline);
  } catch (firstError) {
    options.signal?.throwIfAborted();
    // As libpq does; when both fail, the first reason is the one that the mode prefers.
    return await connect(server, options, second, deadline).catch(() => {
      throw firstError;
    });
  }
}

async function connect(server: Server, options: SessionOptions, ssl: TlsChoice, deadline: number): Promise<Session> {
  const password = await server.password();
  // A signal that was aborted before it is listened to never tells.
  options.signal?.throwIfAborted();
  const client = new Client({
    host: server.host,
    port: server.port,
    user: server.user,
    password,
    database: options.database,
    application_name: options.applicationName,
    ssl,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    connectionTimeoutMillis: Math.max(1, deadline - Date.now()),
  });
  // Why a session was lost between statements is told here only; the next statement fails without a reason.
  let lostBy: Error | undefined;
  client.on('error', (error) => {
    lostBy ??= error;
  });
  const cut = (): void => {
    destroySocket(client);
  };
  options.signal?.addEventListener('abort', cut, { once: true });
  try {
    await client.connect();
    await client.query(SETTINGS_SQL);
  } catch (error) {
    cut();
    options.signal?.removeEventListener('abort', cut);
    throw error;
  }
  return sessionOf(client, cut, () => lostBy, options.signal);
}

function sessionOf(
  client: Client,
  cut: () => void,
  lostBy: () => Error | undefined,
  signal: AbortSignal | undefined,
): Session {
  const answered = async <Answer>(query: () => Promise<Answer>): Promise<Answer> => {
    signal?.throwIfAborted();
    try {
      return await query();
    } catch (error) {
      signal?.throwIfAborted();
      throw queryError(lostBy() ?? error);
    }
  };
  return {
    rows: async <Row extends QueryResultRow>(sql: string, values?: unknown[]) =>
      (await answered(() => client.query<Row>(sql, values))).rows,
    run: async (sql) => {
      await answered(() => client.query(sql));
    },
    rowsPassed: async (statements) => {
      // One result stands alone, several are in an array, which the types do not say.
      const answer: unknown = await answered(() => client.query(statements.join(';\n')));
      const results = [answer].flat() as QueryResult[];
      return results.filter(({ command }) => /^(?:MOVE|COPY)$/.test(command)).map(({ rowCount }) => Number(rowCount));
    },
    close: async () => {
      const ended = client.end().catch(() => undefined);
      await Promise.race([ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
      cut();
      signal?.removeEventListener('abort', cut);
    },
  };
}

/** node-postgres can only ask politely; a socket to a host that is gone would keep the process alive. */
function destroySocket(client: Client): void {
  client.connection.stream.destroy();
}
