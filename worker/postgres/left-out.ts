/** What of a database its dump leaves out, because its configuration says so: it is in no archive, and no restore brings it. */
import type { Dump } from '../../core/config/schema.ts';
import type { LeftOut } from '../../core/manifest.ts';
import { PackedList } from '../../core/packed-list.ts';
import {
  EXCLUSION_JOINS,
  exclusionValues,
  IS_EXCLUDED,
  MATCHES_EXCLUDED_DATA,
  MATCHES_EXCLUDED_TABLES,
} from './exclusions.ts';
import { packedRows } from './packed-rows.ts';
import type { Session } from './session.ts';

/** @param session in a transaction, with the search_path that role and database set */
export async function listLeftOut(session: Session, dump: Dump): Promise<PackedList<LeftOut>> {
  const leftOut = new PackedList<LeftOut>();
  if (dump.excludeTables.length + dump.excludeTableData.length > 0) {
    leftOut.add(await packedRows<LeftOut>(session, RELATIONS_SQL, exclusionValues(dump)));
  }
  for (const argument of dump.extraArgs) {
    const sql = ARGUMENTS_SQL.get(argument);
    if (sql === undefined) continue;
    const rows = await session.rows<Pick<LeftOut, 'kind' | 'name'>>(sql);
    leftOut.add(rows.map(({ kind, name }) => ({ kind, schema: null, name, rowsOnly: false, by: argument })));
  }
  return leftOut;
}

/**
 * pg_dump leaves out views too that match. Of an extension it dumps nothing but the rows of its configuration. A
 * partitioned table has no rows of its own, and its partitions go by their own names.
 */
const RELATIONS_SQL = `
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                      WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
       n.nspname AS schema, c.relname AS name, member.is OR NOT excluded.is AS "rowsOnly",
       CASE WHEN excluded.is THEN 'excludeTables' ELSE 'excludeTableData' END AS by
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  ${EXCLUSION_JOINS}
  CROSS JOIN LATERAL (SELECT CASE WHEN member.is THEN ${MATCHES_EXCLUDED_TABLES} ELSE ${IS_EXCLUDED} END AS is) excluded
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND (excluded.is OR c.relkind IN ('r', 'm', 'S') AND ${MATCHES_EXCLUDED_DATA})
   AND (config.oid IS NOT NULL OR NOT member.is)
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** Of those arguments that may be passed on to pg_dump. */
const ARGUMENTS_SQL: ReadonlyMap<Dump['extraArgs'][number], string> = new Map([
  [
    '--no-publications',
    `SELECT 'PUBLICATION' AS kind, pubname AS name FROM pg_catalog.pg_publication ORDER BY pubname COLLATE "C"`,
  ],
  [
    '--no-subscriptions',
    `SELECT 'SUBSCRIPTION' AS kind, subname AS name FROM pg_catalog.pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      ORDER BY subname COLLATE "C"`,
  ],
  [
    '--no-security-labels',
    `SELECT DISTINCT 'SECURITY LABEL' AS kind, pg_catalog.pg_describe_object(classoid, objoid, objsubid) AS name
       FROM pg_catalog.pg_seclabel ORDER BY name`,
  ],
]);
