/** The database that a restore makes, and drops again only while it is known to be that one. */
import type { DatabaseDump } from '../../../core/manifest.ts';
import { createDatabaseSql, dropDatabaseSql, unfinishedMark } from '../../../core/postgres/restore/database-sql.ts';
import { sqlState } from '../connect-error.ts';
import type { Session } from '../session.ts';

/** Drops what the same restore left when it was ended half-way, unless the name has been given to another database since. */
export async function dropUnfinished(session: Session, database: string, restore: string): Promise<void> {
  const found = await findDatabase(session, database);
  if (found?.comment === unfinishedMark(restore)) await session.run(dropDatabaseSql(database));
}

/** @returns its oid, or undefined when somebody has made a database of that name since it was looked for */
export async function makeDatabase(
  session: Session,
  database: string,
  dump: DatabaseDump,
): Promise<string | undefined> {
  try {
    await session.run(createDatabaseSql(database, dump));
  } catch (error) {
    if (NAME_TAKEN.has(sqlState(error) ?? '')) return undefined;
    throw error;
  }
  return (await findDatabase(session, database))?.oid;
}

/** duplicate_database, and unique_violation where both were made in the same moment. */
const NAME_TAKEN = new Set(['42P04', '23505']);

/** Drops what `makeDatabase` made, if it still has its name: another database of that name is not ours. */
export async function dropMade(session: Session, database: string, oid: string): Promise<void> {
  const found = await findDatabase(session, database);
  if (found?.oid === oid) await session.run(dropDatabaseSql(database));
}

interface FoundDatabase {
  readonly oid: string;
  readonly comment: string | null;
}

async function findDatabase(session: Session, database: string): Promise<FoundDatabase | undefined> {
  const [found] = await session.rows<{ oid: string; comment: string | null }>(FIND_SQL, [database]);
  return found;
}

const FIND_SQL = `
SELECT oid::text, pg_catalog.shobj_description(oid, 'pg_database') AS comment
  FROM pg_catalog.pg_database
 WHERE datname = $1`;
