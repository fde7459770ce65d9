/** What has to be said when a database is created again. */
import { HoldfastError } from '../../core/errors.ts';
import type { DatabaseDump } from '../../core/manifest.ts';
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
