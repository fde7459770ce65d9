/** The roles that a restored database needs, and what the role that restores may do as them. */
import type { Rights } from '../../../core/postgres/restore/rights.ts';
import type { ServerFacts } from '../../../core/postgres/restore/preflight.ts';
import { quoteIdentifier } from '../../../core/postgres/sql-quote.ts';
import type { Session } from '../session.ts';

/** From 16 on, membership alone no longer says that objects may be given to a role, or used as their owner. */
const FIRST_WITH_SET_OPTION = 16;

/** What the role that restores, and owners, were given for as long as the restore takes: statements that take it back. */
export interface Borrowed {
  /** Those to run in the restored database. */
  readonly privileges: string[];
  /** Those to run in any. */
  readonly memberships: string[];
}

export const nothingBorrowed = (): Borrowed => ({ privileges: [], memberships: [] });

/** Each is taken back once. */
export async function giveBack(session: Session, statements: string[]): Promise<void> {
  for (let statement = statements.pop(); statement !== undefined; statement = statements.pop()) {
    await session.run(statement);
  }
}

/**
 * Asks for what the role that restores may do, and makes it a member of the roles that are to own objects where it may do
 * that: without it, PostgreSQL lets only a superuser give them anything.
 * @param owners names of all roles that own something in the archive
 * @param borrowed told of each membership
 */
export async function takeRights(
  session: Session,
  server: ServerFacts,
  owners: readonly string[],
  borrowed: Borrowed,
): Promise<Rights> {
  if (!server.superuser) await joinOwners(session, server, owners, borrowed);
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

interface Joinable {
  readonly name: string;
  /** How it has made itself a member before; null: it has not. */
  readonly before: { readonly inherit: boolean; readonly set: boolean } | null;
}

async function joinOwners(
  session: Session,
  { major }: ServerFacts,
  owners: readonly string[],
  { memberships }: Borrowed,
): Promise<void> {
  const joinable = await session.rows<Joinable>(joinableSql(major), [owners]);
  const options = major >= FIRST_WITH_SET_OPTION ? ' WITH INHERIT TRUE, SET TRUE' : '';
  for (const { name, before } of joinable) {
    const role = quoteIdentifier(name);
    await session.run(`GRANT ${role} TO CURRENT_USER${options}`);
    memberships.push(
      before === null
        ? `REVOKE ${role} FROM CURRENT_USER`
        : `GRANT ${role} TO CURRENT_USER WITH INHERIT ${before.inherit}, SET ${before.set}`,
    );
  }
}

/** Of `pg_roles r`: whether the current user may give things to it, and use them then. */
export const mayOwnAs = (major: number): string =>
  major >= FIRST_WITH_SET_OPTION
    ? "pg_catalog.pg_has_role(r.oid, 'SET') AND pg_catalog.pg_has_role(r.oid, 'USAGE')"
    : "pg_catalog.pg_has_role(r.oid, 'USAGE')";

const usableSql = (major: number): string =>
  `SELECT rolname AS name FROM pg_catalog.pg_roles r WHERE rolname = ANY ($1) AND ${mayOwnAs(major)}`;

/** Rows of pg_auth_members that make the current user (`me`) a member of a role (`r`) directly. */
const OWN = 'FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid AND m.member = me.oid';

/** Until 15, CREATEROLE is enough for every role that is no superuser, and a membership that is there cannot be made more. */
const JOINABLE_BEFORE_SET_OPTION = {
  may: `(me.rolcreaterole OR pg_catalog.pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')) AND NOT EXISTS (SELECT ${OWN})`,
  before: 'NULL',
};

const JOINABLE = {
  may: "pg_catalog.pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')",
  before: `(SELECT pg_catalog.json_build_object('inherit', m.inherit_option, 'set', m.set_option) ${OWN} AND m.grantor = me.oid)`,
};

function joinableSql(major: number): string {
  const { may, before } = major >= FIRST_WITH_SET_OPTION ? JOINABLE : JOINABLE_BEFORE_SET_OPTION;
  return `
SELECT r.rolname AS name, ${before} AS before
  FROM pg_catalog.pg_roles r, (SELECT oid, rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) me
 WHERE r.rolname = ANY ($1) AND NOT r.rolsuper AND r.rolname !~ '^pg_' AND NOT (${mayOwnAs(major)}) AND ${may}`;
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
 * @param borrowed told of each
 */
export async function lendCreate(
  session: Session,
  owners: readonly string[],
  publishers: readonly string[],
  { privileges }: Borrowed,
): Promise<void> {
  const lacking = await session.rows<{ object: string; role: string }>(LACKING_SQL, [owners, publishers]);
  for (const { object, role } of lacking) {
    await session.run(`GRANT CREATE ON ${object} TO ${quoteIdentifier(role)}`);
    privileges.push(`REVOKE CREATE ON ${object} FROM ${quoteIdentifier(role)}`);
  }
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
