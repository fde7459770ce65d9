/** The roles of a throwaway server, where it must not matter who owns what. */
import { quoteIdentifier } from '../../../core/postgres/sql-quote.ts';
import type { Session } from '../session.ts';

/**
 * Makes every owner a superuser: who was one at the source is not recorded, and what it owns may need it (an event
 * trigger), or be computed with its privileges (a materialized view). Nobody but the worker can log in there.
 */
export async function makeSuperusers(session: Session, owners: readonly string[]): Promise<void> {
  const rows = await session.rows<{ name: string; exists: boolean }>(ORDINARY_SQL, [owners]);
  for (const { name, exists } of rows) {
    await session.run(`${exists ? 'ALTER' : 'CREATE'} ROLE ${quoteIdentifier(name)} SUPERUSER`);
  }
}

/** Roles of the server itself stay as they are. */
const ORDINARY_SQL = `
SELECT DISTINCT owner.name, r.oid IS NOT NULL AS exists
  FROM pg_catalog.unnest($1::text[]) AS owner(name) LEFT JOIN pg_catalog.pg_roles r ON r.rolname = owner.name
 WHERE r.rolsuper IS NOT TRUE AND owner.name <> '' AND owner.name !~ '^pg_'`;
