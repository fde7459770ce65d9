/** What is in a database, for a comparison: a restore that lost something is no restore. */
import { quoteIdentifier, quoteLiteral } from '../../../core/postgres/sql-quote.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { query } from '../../e2e/support/worker-leftovers.ts';

/** Rows of each table; indexes that can be used, constraints, large objects and their bytes. */
export type Content = ReadonlyMap<string, number>;

export async function contentOf(server: PostgresServer, database: string): Promise<Content> {
  const tables = (await query(server, database, TABLES_SQL)) as { name: string }[];
  const counts = tables.map(
    ({ name }) => `SELECT ${quoteLiteral(`rows of ${name}`)} AS what, count(*)::float8 FROM ${quoteIdentifier(name)}`,
  );
  const rows = await query(server, database, [...counts, OTHERS_SQL].join(' UNION ALL '));
  return new Map((rows as { what: string; count: number }[]).map(({ what, count }) => [what, count]));
}

/** @returns the first difference; null: there is none */
export function differenceOf(found: Content, expected: Content): string | null {
  for (const what of new Set([...expected.keys(), ...found.keys()])) {
    const [is, was] = [found.get(what) ?? 0, expected.get(what) ?? 0];
    if (is !== was) return `${what}: ${is} instead of ${was}`;
  }
  return null;
}

const TABLES_SQL = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'";

const OTHERS_SQL = `
SELECT 'indexes', count(*) FROM pg_index JOIN pg_class ON oid = indrelid WHERE relnamespace = 'public'::regnamespace AND indisvalid
UNION ALL SELECT 'constraints', count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'large objects', count(*) FROM pg_largeobject_metadata
UNION ALL SELECT 'bytes of large objects', sum(length(data)) FROM pg_largeobject`;
