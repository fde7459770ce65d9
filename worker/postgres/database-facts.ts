/** What a database is beside its content: how it is created again, to whom it belongs, and what is set for it. */
import { HoldfastError } from '../../core/errors.ts';
import type { DatabaseDump, Evidence } from '../../core/manifest.ts';
import type { Session } from './session.ts';

export type DatabaseFacts = Pick<DatabaseDump, 'encoding' | 'collation' | 'ctype' | 'localeProvider' | 'locale'>;

export async function databaseFacts(session: Session): Promise<DatabaseFacts> {
  const [facts] = await session.rows<DatabaseFacts>(FACTS_SQL);
  if (facts === undefined) throw new HoldfastError('UnexpectedError', 'the database is not in its own catalog');
  return facts;
}

/** By way of JSON, because the columns have other names in other versions. */
const FACTS_SQL = `
SELECT pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation, d.datctype AS ctype,
       CASE facts.json ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS "localeProvider",
       COALESCE(facts.json ->> 'datlocale', facts.json ->> 'daticulocale') AS locale
  FROM pg_catalog.pg_database d, LATERAL (SELECT pg_catalog.to_jsonb(d) AS json) facts
 WHERE d.datname = pg_catalog.current_database()`;

type Identity = NonNullable<Evidence['database']>;

/** Grants to roles that are gone are left out; servers before 15 know no version of a collation. */
export async function databaseIdentity(session: Session): Promise<Identity> {
  const [identity] = await session.rows<Identity>(DATABASE_SQL);
  if (identity === undefined) throw new HoldfastError('UnexpectedError', 'the database is not in its own catalog');
  return identity;
}

const DATABASE_SQL = `
SELECT pg_catalog.pg_get_userbyid(d.datdba) AS owner, d.datconnlimit AS "connectionLimit",
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       pg_catalog.to_jsonb(d) ->> 'datcollversion' AS "collationVersion",
       (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                 'grantee', grantee.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
                 ORDER BY grantee.rolname COLLATE "C" NULLS FIRST, a.privilege_type COLLATE "C"), '[]')
          FROM pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
          LEFT JOIN pg_catalog.pg_roles grantee ON grantee.oid = a.grantee
         WHERE a.grantee = 0 OR grantee.oid IS NOT NULL) AS acl
  FROM pg_catalog.pg_database d
 WHERE d.datname = pg_catalog.current_database()`;

/** ALTER DATABASE SET and ALTER ROLE IN DATABASE SET: an archive holds them only for pg_restore --create. */
export function databaseSettings(session: Session): Promise<Evidence['settings']> {
  return session.rows<Evidence['settings'][number]>(SETTINGS_SQL);
}

const SETTINGS_SQL = `
SELECT pg_catalog.split_part(setting, '=', 1) AS name,
       pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1) AS value,
       r.rolname AS role
  FROM pg_catalog.pg_db_role_setting s
  CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 ORDER BY 3 NULLS FIRST, 1`;
