/** What is true of the data in the holder's snapshot: the same snapshot that pg_dump reads. */
import { HoldfastError } from '../../core/errors.ts';
import type { Evidence } from '../../core/manifest.ts';
import { quoteName } from '../../core/postgres/sql-quote.ts';
import type { Relation } from './relations.ts';
import type { Session } from './session.ts';

const TABLES_PER_QUERY = 50;

/** Everything but the rows, which take their time. */
export async function describeDatabase(
  session: Session,
  relations: readonly Relation[],
): Promise<Pick<Evidence, 'sequences' | 'largeObjects' | 'extensions' | 'settings'>> {
  return {
    sequences: await lastValues(session, relations),
    largeObjects: { count: await countLargeObjects(session) },
    extensions: await session.rows<Evidence['extensions'][number]>(EXTENSIONS_SQL),
    settings: await session.rows<Evidence['settings'][number]>(SETTINGS_SQL),
  };
}

/**
 * Exact rows of each table; those of partitions belong to their topmost table, because a restore may place a row in
 * another partition than the dump did. Rows that the dump leaves out are not counted.
 */
export async function countRows(session: Session, relations: readonly Relation[]): Promise<Evidence['tables']> {
  const totals = new Map<string, Evidence['tables'][number]>();
  for (const { kind, rootSchema, rootName } of relations) {
    if (kind !== 'S') totals.set(quoteName(rootSchema, rootName), { schema: rootSchema, name: rootName, rows: 0 });
  }
  const counted = relations.filter(({ kind, withRows }) => kind === 'r' && withRows);
  for (let start = 0; start < counted.length; start += TABLES_PER_QUERY) {
    const batch = counted.slice(start, start + TABLES_PER_QUERY);
    const rows = await session.rows<{ index: number; count: string }>(countSql(batch));
    for (const { index, count } of rows) addRows(totals, batch[index], Number(count));
  }
  return [...totals.values()];
}

/** ONLY: the rows of inheriting tables and of partitions are counted with those. */
function countSql(batch: readonly Relation[]): string {
  return batch
    .map(
      ({ schema, name }, index) => `SELECT ${index} AS index, pg_catalog.count(*) FROM ONLY ${quoteName(schema, name)}`,
    )
    .join(' UNION ALL ');
}

function addRows(totals: Map<string, Evidence['tables'][number]>, relation: Relation | undefined, rows: number): void {
  const total = relation && totals.get(quoteName(relation.rootSchema, relation.rootName));
  if (total === undefined)
    throw new HoldfastError('UnexpectedError', 'a count came back for a table that was not asked for');
  if (!Number.isSafeInteger(rows)) throw new HoldfastError('UnexpectedError', `a row count of ${rows} is no number`);
  total.rows += rows;
}

async function lastValues(session: Session, relations: readonly Relation[]): Promise<Evidence['sequences']> {
  const sequences = relations.filter(({ kind, withRows }) => kind === 'S' && withRows);
  return session.rows<Evidence['sequences'][number]>(SEQUENCES_SQL, [sequences.map(({ oid }) => oid)]);
}

async function countLargeObjects(session: Session): Promise<number> {
  const [row] = await session.rows<{ count: string }>(
    'SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata',
  );
  return Number(row?.count);
}

/** Null: the sequence was never used. */
const SEQUENCES_SQL = `
SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_sequence_last_value(c.oid)::text AS "lastValue"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = ANY ($1::pg_catalog.oid[])
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

const EXTENSIONS_SQL = `
SELECT e.extname AS name, n.nspname AS schema, e.extversion AS version
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
 ORDER BY e.extname COLLATE "C"`;

/** ALTER DATABASE SET and ALTER ROLE IN DATABASE SET: an archive holds them only for pg_restore --create. */
const SETTINGS_SQL = `
SELECT pg_catalog.split_part(setting, '=', 1) AS name,
       pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1) AS value,
       r.rolname AS role
  FROM pg_catalog.pg_db_role_setting s
  CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 ORDER BY 3 NULLS FIRST, 1`;
