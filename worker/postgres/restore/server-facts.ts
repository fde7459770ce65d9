/** What the target server is and has, asked before anything is touched. */
import { HoldfastError } from '../../../core/errors.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';
import type { DatabaseState, ServerFacts } from '../../../core/postgres/restore/preflight.ts';
import { openSession, type Session, type SessionOptions } from '../session.ts';
import type { Server } from '../server.ts';

/** There since initdb, and meant for sessions that have nowhere else to go. */
const MAINTENANCE_DATABASE = 'postgres';
const CONTENT_SHOWN_MAX = 11;

type Locale = Pick<DatabaseDump, 'collation' | 'ctype'>;
type SessionBase = Omit<SessionOptions, 'database'>;

/** A session in the connection's own database, or in `postgres`: the one to be restored may not exist yet. */
export function openMaintenance(server: Server, options: SessionBase): Promise<Session> {
  return openSession(server, { ...options, database: server.database ?? MAINTENANCE_DATABASE });
}

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
    const roles = await session.rows<{ name: string }>('SELECT rolname AS name FROM pg_catalog.pg_roles');
    const [found] = await session.rows<DatabaseRow>(DATABASE_SQL, [database]);
    return {
      ...self,
      knowsLocale: await knowsLocale(session, locale),
      roles: new Set(roles.map(({ name }) => name)),
      extensions: await session.rows(EXTENSIONS_SQL),
      database: found && (await databaseState(server, database, found, options)),
    };
  } finally {
    await session.close();
  }
}

type SelfRow = Omit<ServerFacts, 'knowsLocale' | 'roles' | 'extensions' | 'database'>;
type DatabaseRow = Pick<DatabaseState, 'encoding' | 'collation' | 'comment' | 'mayCreate'>;

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
SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, datcollate AS collation,
       pg_catalog.shobj_description(oid, 'pg_database') AS comment,
       pg_catalog.has_database_privilege(oid, 'CREATE') AS "mayCreate"
  FROM pg_catalog.pg_database
 WHERE datname = $1`;

/** What users made: extensions that the platform put there do not count, nor does schema public. */
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
      FROM pg_catalog.pg_namespace n WHERE n.nspname <> 'public'
    UNION ALL
    SELECT 'pg_largeobject_metadata'::pg_catalog.regclass, l.oid, 'large object', l.oid::text, ''
      FROM pg_catalog.pg_largeobject_metadata l
  ) object
 WHERE object.nspname <> 'information_schema' AND object.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = object.class AND d.objid = object.oid AND d.deptype = 'e')
 ORDER BY object.kind = 'schema', object.name COLLATE "C"
 LIMIT $1`;
