/** What `dump.excludeTables` and `dump.excludeTableData` match, in SQL, as pg_dump does. */
import type { Dump } from '../../core/config/schema.ts';
import { parseNamePattern } from '../../core/postgres/name-pattern.ts';

/** Values of $1 and $2. */
export function exclusionValues({ excludeTables, excludeTableData }: Dump): [string, string] {
  const parsed = (patterns: readonly string[]): string => JSON.stringify(patterns.map(parseNamePattern));
  return [parsed(excludeTables), parsed(excludeTableData)];
}

/**
 * A pattern without a schema matches what is visible in the search_path that the role and the database set.
 * @param relation alias that has oid and relname @param schema its name, as an expression
 */
const matches = (parameter: '$1' | '$2', relation: string, schema: string): string => `EXISTS (
  SELECT FROM pg_catalog.jsonb_to_recordset(${parameter}::jsonb) AS pattern(schema text, name text)
   WHERE ${relation}.relname ~ pattern.name
     AND CASE WHEN pattern.schema IS NULL THEN pg_catalog.pg_table_is_visible(${relation}.oid)
              ELSE ${schema} ~ pattern.schema END)`;

/** Of `pg_class c` in `pg_namespace n`: what `out` and `member` are asked of. */
export const EXCLUSION_JOINS = `
  LEFT JOIN LATERAL (
    SELECT t.oid, t.relname, tn.nspname, d.deptype = 'i' AS "ofIdentity"
      FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
      JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
     WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
       AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
     LIMIT 1) owner ON true
  CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                                        AND d.objid = c.oid AND d.deptype = 'e') AS is) member
  LEFT JOIN (SELECT pg_catalog.unnest(extconfig) AS oid, pg_catalog.unnest(extcondition) AS condition
               FROM pg_catalog.pg_extension) config ON config.oid = c.oid`;

export const MATCHES_EXCLUDED_TABLES = matches('$1', 'c', 'n.nspname');
export const MATCHES_EXCLUDED_DATA = matches('$2', 'c', 'n.nspname');

/**
 * Whether the relation is not in the dump at all. A sequence that a column owns goes by its table as well (getOwnedSeqs of
 * pg_dump.c): with an identity column always, else it is there when either of both is.
 */
export const IS_EXCLUDED = `CASE
    WHEN owner.oid IS NULL THEN ${MATCHES_EXCLUDED_TABLES}
    ELSE (owner."ofIdentity" OR ${MATCHES_EXCLUDED_TABLES}) AND ${matches('$1', 'owner', 'owner.nspname')}
  END`;
