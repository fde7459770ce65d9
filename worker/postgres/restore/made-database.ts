/** The database that a restore makes, and drops again only while it is known to be that one. */
import type { DatabaseDump } from '../../../core/manifest.ts';
import {
  createDatabaseSql,
  dropDatabaseSql,
  dropSubscriptionSql,
  unfinishedMark,
} from '../../../core/postgres/restore/database-sql.ts';
import { sqlState } from '../connect-error.ts';
import type { Session } from '../session.ts';

/** Where what was made can be dropped from, and a way into it. */
export interface Doomed {
  /** In another database. */
  readonly session: Session;
  readonly database: string;
  readonly enter: () => Promise<Session>;
}

/** Drops what the same restore left when it was ended half-way, unless the name has been given to another database since. */
export async function dropUnfinished(doomed: Doomed, restore: string): Promise<void> {
  const found = await findDatabase(doomed.session, doomed.database);
  if (found?.comment === unfinishedMark(restore)) await drop(doomed, found.oid);
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
export async function dropMade(doomed: Doomed, oid: string): Promise<void> {
  const found = await findDatabase(doomed.session, doomed.database);
  if (found?.oid === oid) await drop(doomed, oid);
}

/** A database with a subscription is not dropped, whatever FORCE says. */
async function drop({ session, database, enter }: Doomed, oid: string): Promise<void> {
  const subscriptions = await session.rows<{ name: string }>(SUBSCRIPTIONS_SQL, [oid]);
  if (subscriptions.length > 0) {
    const inside = await enter();
    try {
      for (const { name } of subscriptions) await inside.run(dropSubscriptionSql(name));
    } finally {
      await inside.close();
    }
  }
  await session.run(dropDatabaseSql(database));
}

const SUBSCRIPTIONS_SQL = 'SELECT subname AS name FROM pg_catalog.pg_subscription WHERE subdbid = $1';

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
