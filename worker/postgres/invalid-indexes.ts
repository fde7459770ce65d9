/** Indexes that pg_dump leaves out without a word: what CREATE INDEX CONCURRENTLY has not finished, or not yet. */
import type { Dump } from '../../core/config/schema.ts';
import { EXCLUSION_JOINS, exclusionValues, IS_EXCLUDED } from './exclusions.ts';
import type { Session } from './session.ts';

const NAMES_SHOWN_MAX = 10;

/**
 * @param session in a transaction, with the search_path that role and database set
 * @returns a warning where there are any
 */
export async function invalidIndexWarning(session: Session, dump: Dump): Promise<string[]> {
  const [excludeTables] = exclusionValues(dump);
  const rows = await session.rows<{ name: string; count: number }>(INVALID_SQL, [excludeTables, NAMES_SHOWN_MAX]);
  const [first] = rows;
  if (first === undefined) return [];
  const more = first.count > rows.length ? ` and ${first.count - rows.length} more` : '';
  const names = `${rows.map(({ name }) => name).join(', ')}${more}`;
  return [
    `invalid indexes are not in the dump, and in nothing that is restored from it: ${names}: REINDEX or drop them`,
  ];
}

/** The condition of getIndexes in pg_dump.c. */
const INVALID_SQL = `
SELECT n.nspname || '.' || i.relname AS name, (pg_catalog.count(*) OVER ())::integer AS count
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  ${EXCLUSION_JOINS}
 WHERE NOT ((x.indisvalid OR c.relkind = 'p') AND x.indisready)
   AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT member.is AND NOT ${IS_EXCLUDED}
 ORDER BY 1
 LIMIT $2`;
