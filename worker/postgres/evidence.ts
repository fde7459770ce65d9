/** What is true of the data in the holder's snapshot: the same snapshot that pg_dump reads. */
import { HoldfastError } from '../../core/errors.ts';
import type { Dump } from '../../core/config/schema.ts';
import { inBatches } from '../../core/in-batches.ts';
import type { Evidence } from '../../core/manifest.ts';
import { PackedList } from '../../core/packed-list.ts';
import { quoteName } from '../../core/postgres/sql-quote.ts';
import { sqlState } from './connect-error.ts';
import { databaseIdentity, databaseSettings } from './database-facts.ts';
import { LOCK_TIMEOUT_MS, lockTimeoutError } from './lock-timeout.ts';
import { tablesOf, type Relation } from './relations.ts';
import type { Session } from './session.ts';

const RELATIONS_PER_QUERY = 50;

type CountedTable = Evidence['tables'][number];
type ReadSequence = Evidence['sequences'][number];

/** As it is written, but that there may be more tables and sequences than should be in memory at once. */
export interface CollectedEvidence extends Pick<Evidence, 'largeObjects' | 'extensions' | 'settings' | 'database'> {
  readonly tables: PackedList<CountedTable>;
  readonly sequences: PackedList<ReadSequence>;
}

/**
 * All of it, on the session that holds the snapshot: another session would need locks of its own, and would queue behind
 * whoever waits for the holder's, who would wait for ever.
 * @param holder in a transaction
 * @param wanted `none`: neither rows nor the bytes of large objects, which take their time
 * @param lockTimeoutMs for sequences: nothing has locked them, and nothing else would end the wait
 * @throws LockTimeout
 */
export async function collectEvidence(
  holder: Session,
  relations: Iterable<Relation>,
  wanted: Dump['evidence'],
  lockTimeoutMs: number = LOCK_TIMEOUT_MS,
): Promise<CollectedEvidence> {
  const sequences = await lastValues(holder, relations, lockTimeoutMs);
  const description = { sequences, ...(await describeDatabase(holder)) };
  if (wanted === 'none') return { tables: new PackedList(), ...description };
  const tables = await countRows(holder, relations);
  const sizeBytes = await measureLargeObjects(holder);
  return { tables, ...description, largeObjects: { ...description.largeObjects, sizeBytes } };
}

/** What takes no time and no lock. */
async function describeDatabase(
  session: Session,
): Promise<Pick<Evidence, 'largeObjects' | 'extensions' | 'settings' | 'database'>> {
  return {
    largeObjects: { count: await countLargeObjects(session) },
    extensions: await session.rows<Evidence['extensions'][number]>(EXTENSIONS_SQL),
    settings: await databaseSettings(session),
    database: await databaseIdentity(session),
  };
}

/**
 * Exact rows of each table; those of partitions belong to their topmost table, because a restore may place a row in
 * another partition than the dump did. Rows that the dump leaves out are not counted.
 * @returns partitioned tables behind the others
 */
async function countRows(session: Session, relations: Iterable<Relation>): Promise<PackedList<CountedTable>> {
  const alone = new PackedList<CountedTable>();
  const partitioned = new Map<string, CountedTable>();
  for (const tables of inBatches(tablesOf(relations), RELATIONS_PER_QUERY)) {
    const counts = await countBatch(session, tables);
    for (const [index, table] of tables.entries()) {
      const { schema, name, rootSchema, rootName } = table;
      const rows = counts.get(index) ?? 0;
      if (rootSchema === null || rootName === null) alone.add([{ schema, name, rows }]);
      else addRows(partitioned, { schema: rootSchema, name: rootName, rows });
    }
  }
  alone.add(partitioned.values());
  return alone;
}

function addRows(totals: Map<string, CountedTable>, { schema, name, rows }: CountedTable): void {
  const key = quoteName(schema, name);
  totals.set(key, { schema, name, rows: (totals.get(key)?.rows ?? 0) + rows });
}

/** By their places among the tables; of those that have rows of their own in the dump. */
async function countBatch(session: Session, tables: readonly Relation[]): Promise<ReadonlyMap<number, number>> {
  const due = [...tables.entries()].filter(([, { kind, withRows }]) => kind === 'r' && withRows);
  if (due.length === 0) return new Map();
  const named = due.map(([, table]) => table);
  const counts = await releasingLocks(session, () => countNamed(session, named));
  if (counts.length !== due.length || !counts.every(Number.isSafeInteger))
    throw new HoldfastError(
      'UnexpectedError',
      `not each of ${due.length} tables has a count: ${JSON.stringify(counts)}`,
    );
  return new Map(due.map(([index], nth) => [index, counts[nth] ?? 0]));
}

/** @param session behind a savepoint */
async function countNamed(session: Session, tables: readonly Relation[]): Promise<number[]> {
  try {
    return await session.rowsPassed(tables.flatMap(countStatements));
  } catch (error) {
    if (!FAILED_TO_PLAN.test(sqlState(error) ?? '')) throw error;
    await session.run('ROLLBACK TO SAVEPOINT before_read');
    const [table, ...others] = tables;
    if (table === undefined || (others.length === 0 && table.condition !== null)) throw error;
    if (others.length === 0) return session.rowsPassed([`COPY ${quoteName(table.schema, table.name)} TO STDOUT`]);
    const counts: number[] = [];
    for (const one of tables) counts.push(...(await countNamed(session, [one])));
    return counts;
  }
}

/**
 * Planning reads what indexes compute, and may stumble there: over a function, say, whose body names another one without
 * its schema. pg_dump plans nothing: its COPY takes longer, as all rows come over, and is for such tables only.
 */
const FAILED_TO_PLAN = /^(?:22|42|P0)/;

/**
 * A query locks sequences, and the indexes of its tables too, until its transaction ends or is rolled back to a point
 * before.
 */
async function releasingLocks<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run('SAVEPOINT before_read');
  const result = await work();
  await session.run('ROLLBACK TO SAVEPOINT before_read');
  await session.run('RELEASE SAVEPOINT before_read');
  return result;
}

/**
 * MOVE says how many rows it has passed, and calls no function for each of them, as count(*) does.
 * ONLY: the rows of inheriting tables and of partitions are counted with those. What an extension says of its rows comes
 * behind the name, as in the query of pg_dump.
 */
function countStatements({ schema, name, condition }: Relation): string[] {
  const rows = `SELECT FROM ONLY ${quoteName(schema, name)} ${condition ?? ''}`;
  return [`DECLARE counted NO SCROLL CURSOR FOR ${rows}`, 'MOVE FORWARD ALL IN counted', 'CLOSE counted'];
}

/** Null: the sequence was never used. In the order of the relations. */
async function lastValues(
  session: Session,
  relations: Iterable<Relation>,
  lockTimeoutMs: number,
): Promise<PackedList<ReadSequence>> {
  const sequences = new PackedList<ReadSequence>();
  for (const batch of inBatches(sequencesToRead(relations), RELATIONS_PER_QUERY)) {
    const values: (string | null)[] = [];
    const read = await releasingLocks(session, () => readSequences(session, batch, lockTimeoutMs));
    for (const { index, value } of read) values[index] = value;
    sequences.add(batch.map(({ schema, name }, index) => ({ schema, name, lastValue: values[index] ?? null })));
  }
  return sequences;
}

function* sequencesToRead(relations: Iterable<Relation>): Generator<Relation> {
  for (const relation of relations) if (relation.kind === 'S' && relation.withRows) yield relation;
}

interface SequenceValue {
  /** In the batch. */
  readonly index: number;
  readonly value: string | null;
}

/**
 * As a table is read: pg_sequence_last_value would wait for an ALTER SEQUENCE that is not committed, though nothing of it
 * disturbs a reader.
 */
async function readSequences(
  session: Session,
  batch: readonly Relation[],
  lockTimeoutMs: number,
): Promise<SequenceValue[]> {
  const sql = batch.map(
    ({ schema, name }, index) =>
      `SELECT ${index} AS index, CASE WHEN is_called THEN last_value::text END AS value FROM ${quoteName(schema, name)}`,
  );
  await session.run(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  try {
    return await session.rows<SequenceValue>(sql.join(' UNION ALL '));
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error;
    await session.run('ROLLBACK TO SAVEPOINT before_read');
    throw await lockTimeoutError(session, lockTimeoutMs, batch, error);
  }
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

const EXTENSIONS_SQL = `
SELECT e.extname AS name, n.nspname AS schema, e.extversion AS version
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
 ORDER BY e.extname COLLATE "C"`;
