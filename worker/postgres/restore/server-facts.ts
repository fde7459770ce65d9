/** What the target server is and has, asked before anything is touched. */
import { HoldfastError } from '../../../core/errors.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';
import type { DatabaseState, ServerFacts } from '../../../core/postgres/restore/preflight.ts';
import { openSession, type Session, type SessionOptions } from '../session.ts';
import type { Server } from '../server.ts';

/** There since initdb, and meant for sessions that have nowhere else to go. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];
const CONTENT_SHOWN_MAX = 11;

type Locale = Pick<DatabaseDump, 'collation' | 'ctype'>;
type SessionBase = Omit<SessionOptions, 'database'>;

/**
 * A session in the connection's own database, or in one that every server has: the first may be the one that was lost.
 * @param except never in this one, which is to be made or dropped
 */
export async function openMaintenance(server: Server, options: SessionBase, except?: string): Promise<Session> {
  const named = server.database === undefined ? [] : [server.database];
  const databases = new Set([...named, ...MAINTENANCE_DATABASES]);
  if (except !== undefined) databases.delete(except);
  let refusal: unknown;
  for (const database of databases) {
    try {
      return await openSession(server, { ...options, database });
    } catch (error) {
      if (!(error instanceof HoldfastError) || !CLOSED_DATABASE.has(error.code)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** It is not there, or this user may not use it: another one will do. */
const CLOSED_DATABASE: ReadonlySet<string> = new Set(['DatabaseNotFound', 'AccessDenied']);

/** @param database the one to restore into */
export async function serverFacts(
  server: Server,
  database: string,
  locale: Locale,
  options: SessionBase,
): Promise<ServerFacts> {
  const session = await openMaintenance(server, options);
  try {
    const [self] = await session.rows<SelfRow>(SELF_SQL);
    if (self === undefined)
      throw new HoldfastError('UnexpectedError', 'the server does not know the user of its session');
    const roles = await session.rows<{ name: string; superuser: boolean }>(ROLES_SQL);
    const [found] = await session.rows<DatabaseRow>(DATABASE_SQL, [database]);
    return {
      ...self,
      knowsLocale: await knowsLocale(session, locale),
      roles: new Set(roles.map(({ name }) => name)),
      superusers: new Set(roles.filter(({ superuser }) => superuser).map(({ name }) => name)),
      extensions: await session.rows(EXTENSIONS_SQL),
      database: found && (await databaseState(server, database, found, options)),
    };
  } finally {
    await session.close();
  }
}

type SelfRow = Omit<ServerFacts, 'knowsLocale' | 'roles' | 'superusers' | 'extensions' | 'database'>;
type DatabaseRow = Pick<DatabaseState, 'encoding' | 'comment' | 'mayCreate'>;

async function databaseState(
  server: Server,
  database: string,
  row: DatabaseRow,
  options: SessionBase,
): Promise<DatabaseState> {
  const session = await openSession(server, { ...options, database });
  try {
    const content = await session.rows<{ name: string }>(CONTENT_SQL, [CONTENT_SHOWN_MAX]);
    const extensions = await session.rows<{ name: string }>('SELECT extname AS name FROM pg_catalog.pg_extension');
    return {
      ...row,
      content: content.map(({ name }) => name),
      extensions: extensions.map(({ name }) => name),
    };
  } finally {
    await session.close();
  }
}

/** Any user may try a locale for itself, and the server asks the same libraries as for a database. */
async function knowsLocale(session: Session, { collation, ctype }: Locale): Promise<boolean> {
  for (const locale of new Set([collation, ctype])) {
    try {
      await session.rows("SELECT pg_catalog.set_config('lc_monetary', $1, false)", [locale]);
    } catch (error) {
      if ((error instanceof Error ? error.message : '').includes('invalid value for parameter')) return false;
      throw error;
    }
  }
  return true;
}

const ROLES_SQL = `
SELECT rolname AS name, rolsuper OR EXISTS (
         SELECT FROM pg_catalog.pg_roles p
          WHERE p.rolname = 'rds_superuser' AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')) AS superuser
  FROM pg_catalog.pg_roles r`;

const RDS_SUPERUSER = `EXISTS (
  SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rds_superuser' AND pg_catalog.pg_has_role(oid, 'MEMBER'))`;

/** Connections that only superusers and those with pg_use_reserved_connections get are not counted as free. */
const SELF_SQL = `
SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version,
       pg_catalog.current_setting('server_version_num')::integer / 10000 AS major,
       rolname::text AS user, rolsuper AS superuser, rolcreatedb AS "createDb", rolcreaterole AS "createRole",
       ${RDS_SUPERUSER} AS "rdsSuperuser",
       (SELECT pg_catalog.sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::integer)::integer
          FROM pg_catalog.pg_settings
         WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections'))
         - (SELECT pg_catalog.count(*)::integer FROM pg_catalog.pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()) AS "freeConnections",
       EXISTS (SELECT FROM pg_catalog.pg_settings
                WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) AS lz4,
       EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collprovider = 'i') AS icu
  FROM pg_catalog.pg_roles
 WHERE rolname = current_user`;

const EXTENSIONS_SQL = `
SELECT v.name, v.version, v.version = e.default_version AS "isDefault", v.superuser AND NOT v.trusted AS "superuserOnly"
  FROM pg_catalog.pg_available_extension_versions v JOIN pg_catalog.pg_available_extensions e USING (name)`;

const DATABASE_SQL = `
SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding,
       pg_catalog.shobj_description(oid, 'pg_database') AS comment,
       pg_catalog.has_database_privilege(oid, 'CREATE') AS "mayCreate"
  FROM pg_catalog.pg_database
 WHERE datname = $1`;

/** What users made: extensions that somebody put there do not count, nor do their schemas, nor schema public. */
const CONTENT_SQL = `
SELECT object.kind || ' ' || object.name AS name
  FROM (
    SELECT 'pg_class'::pg_catalog.regclass AS class, c.oid, 'relation' AS kind, n.nspname || '.' || c.relname AS name, n.nspname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    UNION ALL
    SELECT 'pg_proc'::pg_catalog.regclass, p.oid, 'function', n.nspname || '.' || p.proname, n.nspname
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'pg_type'::pg_catalog.regclass, t.oid, 'type', n.nspname || '.' || t.typname, n.nspname
      FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT 'pg_namespace'::pg_catalog.regclass, n.oid, 'schema', n.nspname, n.nspname
      FROM pg_catalog.pg_namespace n
     WHERE n.nspname <> 'public' AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extnamespace = n.oid)
    UNION ALL
    SELECT 'pg_largeobject_metadata'::pg_catalog.regclass, l.oid, 'large object', l.oid::text, ''
      FROM pg_catalog.pg_largeobject_metadata l
  ) object
 WHERE object.nspname <> 'information_schema' AND object.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = object.class AND d.objid = object.oid AND d.deptype = 'e')
 ORDER BY object.kind = 'schema', object.name COLLATE "C"
 LIMIT $1`;
