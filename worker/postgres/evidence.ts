/** What is true of the data in the holder's snapshot: the same snapshot that pg_dump reads. */
import { HoldfastError } from '../../core/errors.ts';
import type { Dump } from '../../core/config/schema.ts';
import type { Evidence } from '../../core/manifest.ts';
import { quoteName } from '../../core/postgres/sql-quote.ts';
import { databaseIdentity, databaseSettings } from './database-facts.ts';
import type { ListedRelation } from './relations.ts';
import type { Session } from './session.ts';

const TABLES_PER_QUERY = 50;

/**
 * All of it, on the session that holds the snapshot: another session would need locks of its own, and would queue behind
 * whoever waits for the holder's, who would wait for ever.
 * @param holder in a transaction
 * @param wanted `none`: neither rows nor the bytes of large objects, which take their time
 */
export async function collectEvidence(
  holder: Session,
  relations: readonly ListedRelation[],
  wanted: Dump['evidence'],
): Promise<Evidence> {
  const description = await describeDatabase(holder, relations);
  if (wanted === 'none') return { tables: [], ...description };
  const tables = await countRows(holder, relations);
  const sizeBytes = await measureLargeObjects(holder);
  return { tables, ...description, largeObjects: { ...description.largeObjects, sizeBytes } };
}

/** Everything but what takes its time. */
async function describeDatabase(
  session: Session,
  relations: readonly ListedRelation[],
): Promise<Pick<Evidence, 'sequences' | 'largeObjects' | 'extensions' | 'settings' | 'database'>> {
  return {
    sequences: await lastValues(session, relations),
    largeObjects: { count: await countLargeObjects(session) },
    extensions: await session.rows<Evidence['extensions'][number]>(EXTENSIONS_SQL),
    settings: await databaseSettings(session),
    database: await databaseIdentity(session),
  };
}

/**
 * Exact rows of each table; those of partitions belong to their topmost table, because a restore may place a row in
 * another partition than the dump did. Rows that the dump leaves out are not counted.
 */
async function countRows(session: Session, relations: readonly ListedRelation[]): Promise<Evidence['tables']> {
  const totals = new Map<string, Evidence['tables'][number]>();
  for (const { kind, rootSchema, rootName } of relations) {
    if (kind !== 'S') totals.set(quoteName(rootSchema, rootName), { schema: rootSchema, name: rootName, rows: 0 });
  }
  const counted = relations.filter(({ kind, withRows }) => kind === 'r' && withRows);
  for (let start = 0; start < counted.length; start += TABLES_PER_QUERY) {
    const batch = counted.slice(start, start + TABLES_PER_QUERY);
    const rows = await releasingLocks(session, () => session.rows<{ index: number; count: string }>(countSql(batch)));
    for (const { index, count } of rows) addRows(totals, batch[index], Number(count));
  }
  return [...totals.values()];
}

/** A query locks the indexes of its tables too, until its transaction ends or is rolled back to a point before. */
async function releasingLocks<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run('SAVEPOINT before_count');
  const result = await work();
  await session.run('ROLLBACK TO SAVEPOINT before_count');
  await session.run('RELEASE SAVEPOINT before_count');
  return result;
}

/** ONLY: the rows of inheriting tables and of partitions are counted with those. */
function countSql(batch: readonly ListedRelation[]): string {
  return batch
    .map(
      ({ schema, name }, index) => `SELECT ${index} AS index, pg_catalog.count(*) FROM ONLY ${quoteName(schema, name)}`,
    )
    .join(' UNION ALL ');
}

function addRows(
  totals: Map<string, Evidence['tables'][number]>,
  relation: ListedRelation | undefined,
  rows: number,
): void {
  const total = relation && totals.get(quoteName(relation.rootSchema, relation.rootName));
  if (total === undefined)
    throw new HoldfastError('UnexpectedError', 'a count came back for a table that was not asked for');
  if (!Number.isSafeInteger(rows)) throw new HoldfastError('UnexpectedError', `a row count of ${rows} is no number`);
  total.rows += rows;
}

async function lastValues(session: Session, relations: readonly ListedRelation[]): Promise<Evidence['sequences']> {
  const sequences = relations.filter(({ kind, withRows }) => kind === 'S' && withRows);
  return session.rows<Evidence['sequences'][number]>(SEQUENCES_SQL, [sequences.map(({ oid }) => oid)]);
}

async function countLargeObjects(session: Session): Promise<number> {
  const [row] = await session.rows<{ count: string }>(
    'SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata',
  );
  return Number(row?.count);
}

/** Whoever may read an object may look for its end; pg_largeobject itself is for superusers. */
async function measureLargeObjects(session: Session): Promise<number> {
  const [row] = await session.rows<{ bytes: string }>(LARGE_OBJECT_BYTES_SQL);
  return Number(row?.bytes);
}

/** 262144 is INV_READ, 2 is SEEK_END. Volatile functions keep the subqueries apart, so that each object is closed at once. */
const LARGE_OBJECT_BYTES_SQL = `
SELECT COALESCE(pg_catalog.sum(closed.bytes), 0) AS bytes
  FROM (SELECT measured.bytes, pg_catalog.lo_close(measured.fd)
          FROM (SELECT opened.fd, pg_catalog.lo_lseek64(opened.fd, 0, 2) AS bytes
                  FROM (SELECT pg_catalog.lo_open(oid, 262144) AS fd FROM pg_catalog.pg_largeobject_metadata) opened
               ) measured
       ) closed`;

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
