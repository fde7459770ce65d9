/** What pg_dump leaves out or dumps without a word, though no restore can bring it back. */
import type { Dump } from '../../core/config/schema.ts';
import { EXCLUSION_JOINS, exclusionValues, IS_EXCLUDED } from './exclusions.ts';
import type { Session } from './session.ts';

const NAMES_SHOWN_MAX = 10;

/**
 * @param session in a transaction, with the search_path that role and database set
 * @returns a warning for each kind that there is
 */
export async function unrestorableWarnings(session: Session, dump: Dump): Promise<string[]> {
  const invalid = await namesOf(session, dump, INVALID_INDEXES_SQL);
  const dangling = dump.excludeTables.length === 0 ? undefined : await namesOf(session, dump, DANGLING_SQL);
  return [
    ...(invalid === undefined
      ? []
      : [
          `invalid indexes are not in the dump, and in nothing that is restored from it: ${invalid}: REINDEX or drop them`,
        ]),
    ...(dangling === undefined
      ? []
      : [
          `what excludeTables leaves out is needed by what is dumped, which no restore can make without it: ${dangling}: leave that out too, or only the rows, with excludeTableData`,
        ]),
  ];
}

/** The first names; undefined: there is none. */
async function namesOf(session: Session, dump: Dump, sql: string): Promise<string | undefined> {
  const [excludeTables] = exclusionValues(dump);
  const rows = await session.rows<{ name: string; count: number }>(sql, [excludeTables, NAMES_SHOWN_MAX]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const more = first.count > rows.length ? ` and ${first.count - rows.length} more` : '';
  return `${rows.map(({ name }) => name).join(', ')}${more}`;
}

const IS_OF_USERS = `c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`;

/** The condition of getIndexes in pg_dump.c. */
const INVALID_INDEXES_SQL = `
SELECT n.nspname || '.' || i.relname AS name, (pg_catalog.count(*) OVER ())::integer AS count
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  ${EXCLUSION_JOINS}
 WHERE NOT ((x.indisvalid OR c.relkind = 'p') AND x.indisready)
   AND ${IS_OF_USERS}
   AND NOT member.is AND NOT ${IS_EXCLUDED}
 ORDER BY 1
 LIMIT $2`;

/**
 * Partitions and tables that inherit, foreign keys, views, defaults, policies and functions: each depends on a relation that is
 * left out, or on its row type, and belongs to one that is not, or to none.
 */
const DANGLING_SQL = `
WITH relation AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.reltype, ${IS_EXCLUDED} AS excluded
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ${EXCLUSION_JOINS}
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${IS_OF_USERS} AND NOT member.is
), left_out AS (
  SELECT oid AS relation, 'pg_catalog.pg_class'::regclass AS class, oid AS object FROM relation WHERE excluded
  UNION ALL
  SELECT oid, 'pg_catalog.pg_type'::regclass, reltype FROM relation WHERE excluded
), dependent AS (
  SELECT DISTINCT d.classid, d.objid, left_out.relation AS of
    FROM left_out
    JOIN pg_catalog.pg_depend d ON d.refclassid = left_out.class AND d.refobjid = left_out.object
)
SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, dependent.of, 0) || ' by '
         || CASE WHEN w.oid IS NULL THEN pg_catalog.pg_describe_object(dependent.classid, dependent.objid, 0)
                 ELSE pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, w.ev_class, 0) END AS name,
       (pg_catalog.count(*) OVER ())::integer AS count
  FROM dependent
  LEFT JOIN pg_catalog.pg_rewrite w ON dependent.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = dependent.objid
  LEFT JOIN pg_catalog.pg_constraint k ON dependent.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = dependent.objid
  LEFT JOIN pg_catalog.pg_attrdef a ON dependent.classid = 'pg_catalog.pg_attrdef'::regclass AND a.oid = dependent.objid
  LEFT JOIN pg_catalog.pg_policy p ON dependent.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = dependent.objid
  LEFT JOIN relation dumped
    ON NOT dumped.excluded AND dumped.relkind <> 'S'
   AND dumped.oid = COALESCE(w.ev_class, k.conrelid, a.adrelid, p.polrelid,
                             CASE WHEN dependent.classid = 'pg_catalog.pg_class'::regclass THEN dependent.objid END)
 WHERE (dumped.oid IS NOT NULL OR dependent.classid = 'pg_catalog.pg_proc'::regclass)
   AND COALESCE(k.conparentid, 0) = 0
 ORDER BY 1
 LIMIT $2`;
