/**
 * What of a database is outside its archive: the roles that it refers to (owners, grantees, policies, default privileges,
 * and the groups of those), and the database's own settings, privileges and comment.
 */
import { databaseSql } from '../../core/postgres/database-sql.ts';
import { rolesSql, type Membership, type Role } from '../../core/postgres/roles-sql.ts';
import { databaseIdentity, databaseSettings } from './database-facts.ts';
import type { Session } from './session.ts';

/** From catalogs that everybody may read; pg_dumpall needs pg_authid, which no user of RDS may. */
export async function portableRoles(session: Session): Promise<string> {
  const roles = await session.rows<Role>(`${REFERRED_SQL} ${ROLES_SQL}`);
  const memberships = await session.rows<Membership>(MEMBERSHIPS_SQL);
  const { acl, comment } = await databaseIdentity(session);
  const settings = await databaseSettings(session);
  return [rolesSql(roles, memberships), databaseSql({ settings, acl, comment })].join('\n');
}

/**
 * pg_shdepend holds every reference to a role but those to the bootstrap superuser (oid 10), which is looked for among
 * the owners of what users made. That of RDS owns what RDS made, and is named wherever somebody changed privileges on it.
 */
const REFERRED_SQL = `
WITH RECURSIVE database AS (
  SELECT oid, datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
), referred(oid) AS (
  SELECT s.refobjid FROM pg_catalog.pg_shdepend s, database d
   WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
     AND (s.dbid = d.oid OR (s.dbid = 0 AND s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = d.oid))
  UNION SELECT datdba FROM database
  UNION SELECT setrole FROM pg_catalog.pg_db_role_setting s, database d WHERE s.setdatabase = d.oid AND setrole <> 0
  UNION SELECT relowner FROM pg_catalog.pg_class WHERE oid >= 16384 AND relowner = 10
  UNION SELECT nspowner FROM pg_catalog.pg_namespace WHERE oid >= 16384 AND nspowner = 10
  UNION SELECT proowner FROM pg_catalog.pg_proc WHERE oid >= 16384 AND proowner = 10
  UNION SELECT typowner FROM pg_catalog.pg_type WHERE oid >= 16384 AND typowner = 10
  UNION SELECT oid FROM pg_catalog.pg_roles WHERE oid = 10 AND rolname = 'rdsadmin'
), all_roles(oid) AS (
  SELECT oid FROM referred
  UNION
  SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN all_roles a ON m.member = a.oid
)`;

const ROLES_SQL = `
SELECT rolname AS name, rolcanlogin AS login, rolinherit AS inherit, rolcreatedb AS "createDb",
       rolcreaterole AS "createRole", rolconnlimit AS "connectionLimit",
       oid IN (SELECT oid FROM referred) AS referred
  FROM pg_catalog.pg_roles r JOIN all_roles USING (oid)
 ORDER BY rolname COLLATE "C"`;

/** A grant that several grantors made is one membership. */
const MEMBERSHIPS_SQL = `
SELECT m.rolname AS member, g.rolname AS group, pg_catalog.bool_or(a.admin_option) AS admin
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles m ON m.oid = a.member
  JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
 GROUP BY 1, 2
 ORDER BY m.rolname COLLATE "C", g.rolname COLLATE "C"`;
