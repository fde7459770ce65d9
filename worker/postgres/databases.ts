/** Which databases of a server are due, known before anything of them is started. */
import { DATABASES_MAX } from '../../core/config/schema.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { DumpPlan } from '../../core/run-record.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import type { Server } from './server.ts';

const ALL = '*';
/** On every server of this kind, and open to whoever may log in; tried where no database is named or it is missing. */
const COMMON_DATABASES = ['postgres', 'template1'];
/** RDS's own; nobody but RDS may connect to it. */
const RDS_DATABASE = 'rdsadmin';

export interface ServerFacts {
  /** Such as "17.5". */
  readonly version: string;
  readonly major: number;
  /** Databases that are due, in the order of the plan. */
  readonly databases: readonly string[];
}

interface DatabaseRow {
  readonly name: string;
  readonly takesConnections: boolean;
  readonly template: boolean;
}

/** @throws DatabaseNotFound with what the server has, InvalidConfig when no database is named at all */
export async function inspectServer(
  server: Server,
  wanted: DumpPlan['databases'],
  options: Omit<SessionOptions, 'database'>,
): Promise<ServerFacts> {
  const named = wanted ?? (server.database === undefined ? [] : [server.database]);
  if (named.length === 0) {
    throw new HoldfastError('InvalidConfig', 'no database is named: set databases, or connection.database');
  }
  const session = await openAnywhere(server, named, options);
  try {
    const [facts] = await session.rows<{ version: string; number: number }>(
      `SELECT pg_catalog.current_setting('server_version') AS version,
              pg_catalog.current_setting('server_version_num')::integer AS number`,
    );
    if (facts === undefined) throw new HoldfastError('UnexpectedError', 'the server did not tell its version');
    const present = await session.rows<DatabaseRow>(
      `SELECT datname AS name, datallowconn AS "takesConnections", datistemplate AS template
         FROM pg_catalog.pg_database WHERE datname <> '${RDS_DATABASE}' ORDER BY datname COLLATE "C"`,
    );
    return {
      version: facts.version.split(' ')[0] ?? facts.version,
      major: Math.floor(facts.number / 10_000),
      databases: dueDatabases(named, present, server),
    };
  } finally {
    await session.close();
  }
}

function dueDatabases(named: readonly string[], present: readonly DatabaseRow[], server: Server): readonly string[] {
  const address = `${server.host}:${server.port}`;
  const open = present.filter(({ takesConnections }) => takesConnections);
  if (named.length === 1 && named[0] === ALL) {
    const due = open.filter(({ template }) => !template).map(({ name }) => name);
    requireFewEnough(due.length, address);
    if (due.length > 0) return due;
    throw new HoldfastError('DatabaseNotFound', `"*" matches no database on ${address}: ${listOf(present)}`);
  }
  const names = new Set(open.map(({ name }) => name));
  const missing = [...new Set(named)].filter((name) => !names.has(name));
  if (missing.length === 0) return [...new Set(named)];
  const message = `${address} has no database ${missing.join(', ')} that takes connections: ${listOf(present)}`;
  throw new HoldfastError('DatabaseNotFound', message);
}

function requireFewEnough(count: number, address: string): void {
  if (count <= DATABASES_MAX) return;
  const advice = `name them, and split them into sources of ${DATABASES_MAX} at most`;
  throw new HoldfastError('InvalidConfig', `databases: "*" matches ${count} databases on ${address}: ${advice}`);
}

function listOf(present: readonly DatabaseRow[]): string {
  const names = present.map(({ name, takesConnections, template }) => {
    const remark = takesConnections ? template && 'template' : 'closed';
    return remark === false ? name : `${name} (${remark})`;
  });
  return `the server has ${names.join(', ')}`;
}

/** The databases of a server can be listed from any of them, so one that is missing does not hide the others. */
async function openAnywhere(
  server: Server,
  named: readonly string[],
  options: Omit<SessionOptions, 'database'>,
): Promise<Session> {
  const own = [server.database, ...named].filter((name) => name !== undefined && name !== ALL);
  let firstError: unknown;
  for (const database of new Set([...own, ...COMMON_DATABASES])) {
    try {
      return await openSession(server, { ...options, database: database ?? '' });
    } catch (error) {
      firstError ??= error;
      const elsewhere = error instanceof HoldfastError && ['DatabaseNotFound', 'AccessDenied'].includes(error.code);
      if (!elsewhere) throw error;
    }
  }
  throw firstError;
}
