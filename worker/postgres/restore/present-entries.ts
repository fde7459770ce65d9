/** Which entries of an archive the target has already. */
import { entriesById } from '../../../core/postgres/restore/restore-steps.ts';
import type { TocEntry } from '../../../core/postgres/restore/archive-toc.ts';
import type { Session } from '../session.ts';

/** What other kinds are called twice is found out by the restore itself, which then fails. */
export async function presentEntries(session: Session, entries: readonly TocEntry[]): Promise<Set<TocEntry>> {
  const byId = entriesById(entries);
  // Types in the signatures of functions are then written as pg_dump writes them.
  await session.run("SET search_path = ''");
  const rows = await session.rows<{ id: number }>(PRESENT_SQL, [
    entries.map(({ dumpId }) => dumpId),
    entries.map(({ kind }) => kind),
    entries.map(({ schema }) => schema),
    entries.map(({ tag }) => tag),
  ]);
  return new Set(rows.flatMap(({ id }) => byId.get(id) ?? []));
}

const inCatalog = (catalog: string, prefix: string): string => `EXISTS (
  SELECT FROM pg_catalog.${catalog} o JOIN pg_catalog.pg_namespace n ON n.oid = o.${prefix}namespace
   WHERE n.nspname = e.schema AND o.${prefix}name = e.tag)`;

const FUNCTION_SQL = `EXISTS (
  SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname = e.schema
     AND e.tag = p.proname || '(' || COALESCE((
       SELECT pg_catalog.string_agg(pg_catalog.format_type(type, NULL), ', ' ORDER BY place)
         FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY argument(type, place)), '') || ')')`;

const PRESENT_SQL = `
SELECT e.id
  FROM ROWS FROM (pg_catalog.unnest($1::integer[]), pg_catalog.unnest($2::text[]),
                  pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) AS e(id, kind, schema, tag)
 WHERE CASE
         WHEN e.kind = 'SCHEMA' THEN EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = e.tag)
         WHEN e.kind = 'EXTENSION' THEN EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = e.tag)
         WHEN e.kind IN ('TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE') THEN ${inCatalog('pg_class', 'rel')}
         WHEN e.kind IN ('TYPE', 'DOMAIN') THEN ${inCatalog('pg_type', 'typ')}
         WHEN e.kind = 'COLLATION' THEN ${inCatalog('pg_collation', 'coll')}
         WHEN e.kind IN ('FUNCTION', 'PROCEDURE', 'AGGREGATE') THEN ${FUNCTION_SQL}
         ELSE false
       END`;
