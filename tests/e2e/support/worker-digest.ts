/** What is in a database, for comparison with another one: each table's rows and a digest of them, and of what has no table. */
import { query } from './worker-leftovers.ts';
import type { TestServer } from './worker-run.ts';

export type Digest = Readonly<Record<string, { readonly rows: number; readonly md5: string }>>;

/** Leaves are compared through their roots: a hash partition of an enum may hold other rows elsewhere. */
export async function digestDatabase(server: TestServer, database: string): Promise<Digest> {
  const tables = (await query(server, database, TABLES_SQL)) as { name: string; only: string }[];
  const selects = tables.map(
    ({ name, only }) => `SELECT ${literal(name)} AS name, count(*)::integer AS rows,
       md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C")) AS md5 FROM ${only} ${name} t`,
  );
  const rows = await query(server, database, [...selects, LARGE_OBJECTS_SQL, SEQUENCES_SQL].join(' UNION ALL '));
  return Object.fromEntries(
    (rows as { name: string; rows: number; md5: string }[]).map(({ name, ...digest }) => [name, digest]),
  );
}

const literal = (text: string): string => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const TABLES_SQL = `
SELECT format('%I.%I', nspname, relname) AS name, CASE relkind WHEN 'r' THEN 'ONLY' ELSE '' END AS only
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind IN ('r', 'p', 'm') AND relispopulated AND NOT relispartition AND nspname !~ '^pg_' AND nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
 ORDER BY 1`;

/** With what lies beside their bytes, which may be in another archive. */
const LARGE_OBJECTS_SQL = `
SELECT 'large objects', count(*)::integer,
       md5(string_agg(concat_ws(' ', l.oid, pg_get_userbyid(lomowner), lomacl, obj_description(l.oid, 'pg_largeobject'),
                                encode(lo_get(l.oid), 'hex')), ',' ORDER BY l.oid))
  FROM pg_largeobject_metadata l
HAVING count(*) > 0`;

const SEQUENCES_SQL = `
SELECT 'sequences', count(*)::integer,
       md5(string_agg(format('%I.%I %s', schemaname, sequencename, last_value), ',' ORDER BY schemaname, sequencename))
  FROM pg_sequences
HAVING count(*) > 0`;
