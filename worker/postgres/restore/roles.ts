/** The roles that a restored database needs, and what the role that restores may do as them. */
import type { Rights } from '../../../core/postgres/restore/platform-differences.ts';
import type { ServerFacts } from '../../../core/postgres/restore/preflight.ts';
import { quoteIdentifier } from '../../../core/postgres/sql-quote.ts';
import type { Session } from '../session.ts';

/** From 16 on, membership alone no longer says that objects may be given to a role, or used as their owner. */
const FIRST_WITH_SET_OPTION = 16;

/**
 * Asks for what the role that restores may do, and makes it a member of the roles that are to own objects where it may do
 * that: without it, PostgreSQL lets only a superuser give them anything.
 * @param owners names of all roles that own something in the archive
 */
export async function takeRights(session: Session, server: ServerFacts, owners: readonly string[]): Promise<Rights> {
  if (!server.superuser) await joinOwners(session, server, owners);
  const [rights] = await session.rows<{ ownsPublic: boolean }>(OWNS_PUBLIC_SQL);
  const usable = await session.rows<{ name: string }>(usableSql(server.major), [owners]);
  const closedWrappers = await session.rows<{ name: string }>(CLOSED_WRAPPERS_SQL);
  const tablespaces = await session.rows<{ name: string }>(TABLESPACES_SQL);
  return {
    superuser: server.superuser,
    rdsSuperuser: server.rdsSuperuser,
    ownsPublic: rights?.ownsPublic ?? true,
    owners: new Set(usable.map(({ name }) => name)),
    closedWrappers: new Set(closedWrappers.map(({ name }) => name)),
    tablespaces: new Set(tablespaces.map(({ name }) => name)),
    major: server.major,
  };
}

async function joinOwners(session: Session, { major }: ServerFacts, owners: readonly string[]): Promise<void> {
  const joinable = await session.rows<{ name: string }>(joinableSql(major), [owners]);
  const options = major >= FIRST_WITH_SET_OPTION ? ' WITH INHERIT TRUE, SET TRUE' : '';
  for (const { name } of joinable) await session.run(`GRANT ${quoteIdentifier(name)} TO CURRENT_USER${options}`);
}

const mayOwnAs = (major: number): string =>
  major >= FIRST_WITH_SET_OPTION
    ? "pg_catalog.pg_has_role(oid, 'SET') AND pg_catalog.pg_has_role(oid, 'USAGE')"
    : "pg_catalog.pg_has_role(oid, 'USAGE')";

const usableSql = (major: number): string =>
  `SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND ${mayOwnAs(major)}`;

/** Until 15, CREATEROLE is enough for every role that is no superuser; later it takes the admin option. */
function joinableSql(major: number): string {
  const may =
    major >= FIRST_WITH_SET_OPTION
      ? "pg_catalog.pg_has_role(oid, 'MEMBER WITH ADMIN OPTION')"
      : "(SELECT rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) OR pg_catalog.pg_has_role(oid, 'MEMBER WITH ADMIN OPTION')";
  return `
SELECT rolname AS name FROM pg_catalog.pg_roles
 WHERE rolname = ANY ($1) AND NOT rolsuper AND rolname !~ '^pg_' AND NOT (${mayOwnAs(major)}) AND (${may})`;
}

const OWNS_PUBLIC_SQL = `
SELECT pg_catalog.pg_has_role(nspowner, 'USAGE') AS "ownsPublic" FROM pg_catalog.pg_namespace WHERE nspname = 'public'`;

const CLOSED_WRAPPERS_SQL = `
SELECT fdwname AS name FROM pg_catalog.pg_foreign_data_wrapper
 WHERE NOT pg_catalog.has_foreign_data_wrapper_privilege(oid, 'USAGE')`;

const TABLESPACES_SQL = `
SELECT spcname AS name FROM pg_catalog.pg_tablespace WHERE pg_catalog.has_tablespace_privilege(oid, 'CREATE')`;

/**
 * Lets owners own objects in schemas that they may not create anything in, and publications in a database: giving an
 * object away takes that privilege from the new owner, unless a superuser does it.
 * @param publishers owners of publications
 * @returns what takes it back
 */
export async function lendCreate(
  session: Session,
  owners: readonly string[],
  publishers: readonly string[],
): Promise<() => Promise<void>> {
  const lacking = await session.rows<{ object: string; role: string }>(LACKING_SQL, [owners, publishers]);
  for (const { object, role } of lacking) await session.run(`GRANT CREATE ON ${object} TO ${quoteIdentifier(role)}`);
  return async () => {
    for (const { object, role } of lacking)
      await session.run(`REVOKE CREATE ON ${object} FROM ${quoteIdentifier(role)}`);
  };
}

/** What belongs to the platform is not ours to lend: what is refused there fails with its own message. */
const LACKING_SQL = `
SELECT 'SCHEMA ' || pg_catalog.quote_ident(n.nspname) AS object, r.rolname AS role
  FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.pg_roles r
 WHERE r.rolname = ANY ($1) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
   AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
UNION ALL
SELECT 'DATABASE ' || pg_catalog.quote_ident(d.datname), r.rolname
  FROM pg_catalog.pg_database d CROSS JOIN pg_catalog.pg_roles r
 WHERE r.rolname = ANY ($2) AND d.datname = pg_catalog.current_database()
   AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
   AND NOT pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')`;
