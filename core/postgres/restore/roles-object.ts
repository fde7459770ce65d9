/** The object of roles, taken apart again as core/postgres/{roles,database}-sql.ts write it. */
import { DATABASE_SQL_HEADING } from '../database-sql.ts';

const CREATE_ROLE = /\bCREATE ROLE "((?:[^"]|"")*)" WITH /g;

export interface RolesObject {
  /** Makes the roles that are missing. */
  readonly rolesSql: string;
  /** Gives the database it runs in its settings, privileges and comment; empty in dumps of the first versions. */
  readonly databaseSql: string;
  /** The roles that it makes where they are missing. */
  readonly names: readonly string[];
}

export function parseRolesObject(sql: string): RolesObject {
  const heading = sql.lastIndexOf(`\n${DATABASE_SQL_HEADING}\n`);
  const rolesSql = heading === -1 ? sql : sql.slice(0, heading);
  return {
    rolesSql,
    databaseSql: heading === -1 ? '' : sql.slice(heading),
    names: [...rolesSql.matchAll(CREATE_ROLE)].map(([, name = '']) => name.replaceAll('""', '"')),
  };
}
