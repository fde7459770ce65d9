/**
 * Which archives a database is dumped into: one, or one with its schema and several with its rows, balanced by size, that
 * are written at the same time. What goes into them is said as arguments of pg_dump.
 *
 * All data archives but the last name their tables. The last one is everything else: it is described by what it leaves
 * out, so a table that nobody thought of is in it, and so are large objects, sequences and the tables of extensions,
 * which pg_dump writes only where no table is named. The value of a sequence that a named table owns is in both.
 *
 * Sections, not --data-only, which warns about circular foreign keys. Large objects are made in pre-data by pg_dump 16 and
 * in data from 17 on; their bytes are in data. So the schema archive and the last one hold all of them in every major.
 */
import { inBatches } from '../in-batches.ts';
import { quoteName } from './sql-quote.ts';

export interface PlannedArchive {
  readonly role: 'archive' | 'schema' | 'data';
  /** Last part of the object's key, such as `data-01.dump`. */
  readonly file: string;
  /** Arguments of pg_dump; [] is the whole database. */
  readonly selection: readonly string[];
  /** Tables that its pg_dump locks, and sequences that it reads, which locks them too; where tables are named, at most. */
  readonly lockedTables: number;
}

/** A table, partitioned table or sequence of the dump. */
export interface PlannedRelation {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'r' | 'p' | 'S';
  readonly withRows: boolean;
  /** pg_dump does not write its rows where it is named. */
  readonly ofExtension: boolean;
  readonly sizeBytes: number;
}

export interface ArchiveNeeds {
  /** Gone through more than once. */
  readonly relations: Iterable<PlannedRelation>;
  readonly largeObjectBytes: number;
  /** Of the database, as `pg_encoding_to_char` gives it. */
  readonly encoding: string;
  /** How many archives with rows are wanted, from 1. */
  readonly jobs: number;
}

/** Smaller databases take seconds anyway, and one archive is the easier to restore. */
const AUTO_PARALLEL_BYTES = 1_000_000_000;
const AUTO_JOBS = { min: 2, max: 4 } as const;

/**
 * Of all arguments that name tables, in one command. Linux gives arguments and environment together a quarter of the stack's limit,
 * 2 MiB where that is 8 MiB, and a single argument 128 KiB (execve(2)); a name has 63 bytes.
 */
const NAMES_BYTES_MAX = 512 * 1024;
/** Tables, beside those that are the largest so far. */
const COMPARED_AT_ONCE = 5_000;
/** Its own, and that of the sequence which most own. */
const LOCKS_PER_NAMED_TABLE = 2;

/**
 * Of all objects of a run in its row, of which DynamoDB keeps 400 KB with all else. It leaves a hundred databases
 * (DATABASES_MAX) all that `auto` takes, where their keys have 140 characters.
 */
const OBJECTS_BYTES_MAX = 245_000;
/** Of an object: names of its fields, checksums, size and version. */
const OBJECT_BYTES_BESIDE_KEY = 210;
/** Schema, roles and evidence. */
const OBJECTS_BESIDE_DATA = 3;

/** How many archives with rows each database of a run may have. @param keys the longest of each one's objects */
export function jobsMax(keys: readonly string[]): number {
  const bytes = keys.reduce((sum, key) => sum + OBJECT_BYTES_BESIDE_KEY + bytesOf(key), 0);
  return Math.max(1, Math.floor(OBJECTS_BYTES_MAX / bytes) - OBJECTS_BESIDE_DATA);
}

/** How many archives with rows a database is worth. @param processors that the worker has */
export function jobsFor(jobs: number | 'auto', dataBytes: number, processors: number): number {
  if (jobs !== 'auto') return jobs;
  if (dataBytes < AUTO_PARALLEL_BYTES) return 1;
  return Math.min(AUTO_JOBS.max, Math.max(AUTO_JOBS.min, processors));
}

/** What `jobsFor` and the balance go by: rows that are dumped, and large objects. */
export function dataBytesOf({ relations, largeObjectBytes }: Omit<ArchiveNeeds, 'jobs'>): number {
  let bytes = largeObjectBytes;
  for (const relation of relations) if (hasRows(relation)) bytes += relation.sizeBytes;
  return bytes;
}

/** One archive, or the schema and two or more with rows. Never more than `jobs` with rows, fewer where that is of no use. */
export function planArchives(needs: ArchiveNeeds): PlannedArchive[] {
  const { tables, lockedTables } = countLocked(needs.relations);
  const named = needs.jobs > 1 ? tablesToName(needs) : [];
  if (named.length === 0) return [{ role: 'archive', file: 'archive.dump', selection: [], lockedTables }];
  const bins = spread(named, needs.jobs - 1);
  const archives: Omit<PlannedArchive, 'role' | 'file'>[] = bins.map((bin) => ({
    selection: ['--section=data', ...bin.map((table) => naming('--table', table))],
    lockedTables: bin.length * LOCKS_PER_NAMED_TABLE,
  }));
  const rest = ['--section=data', ...named.map((table) => naming('--exclude-table-data', table))];
  archives.push({ selection: rest, lockedTables });
  return [
    { ...SCHEMA, lockedTables: tables },
    ...archives.map((archive, index) => ({ ...archive, role: 'data' as const, file: fileOf(index + 1) })),
  ];
}

function countLocked(relations: Iterable<PlannedRelation>): { tables: number; lockedTables: number } {
  let tables = 0;
  let sequences = 0;
  for (const { kind, withRows } of relations) {
    if (kind !== 'S') tables += 1;
    else if (withRows) sequences += 1;
  }
  return { tables, lockedTables: tables + sequences };
}

const SCHEMA = {
  role: 'schema',
  file: 'schema.dump',
  selection: ['--section=pre-data', '--section=post-data'],
} as const;

const fileOf = (number: number): string => `data-${String(number).padStart(2, '0')}.dump`;

const hasRows = ({ kind, withRows, sizeBytes }: PlannedRelation): boolean => kind === 'r' && withRows && sizeBytes > 0;

/**
 * The largest tables; what is left for the last archive comes as near to the share of one job as it can. So the many
 * small ones are seldom named, which costs more than to dump them.
 */
function tablesToName(needs: ArchiveNeeds): PlannedRelation[] {
  const dataBytes = dataBytesOf(needs);
  const share = dataBytes / needs.jobs;
  const named = withinBytes(largest(needs));
  let restBytes = dataBytes - named.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (let smallest = named.at(-1); smallest !== undefined; smallest = named.at(-1)) {
    const more = restBytes + smallest.sizeBytes;
    if (restBytes > 0 && Math.abs(more - share) > Math.abs(restBytes - share)) break;
    restBytes = more;
    named.pop();
  }
  return named;
}

/** Those that may be named, as many as there is room for: all of a hundred thousand would be too much memory. */
function largest(needs: ArchiveNeeds): PlannedRelation[] {
  let tables: PlannedRelation[] = [];
  for (const batch of inBatches(nameable(needs), COMPARED_AT_ONCE)) {
    tables = withinBytes([...tables, ...batch].sort((a, b) => b.sizeBytes - a.sizeBytes));
  }
  return tables;
}

function* nameable({ relations, encoding }: ArchiveNeeds): Generator<PlannedRelation> {
  for (const table of relations) if (hasRows(table) && !table.ofExtension && canBeNamed(table, encoding)) yield table;
}

/** pg_dump takes its arguments to be in the encoding of the database, and the worker writes UTF-8: only ASCII is both. */
function canBeNamed(table: PlannedRelation, encoding: string): boolean {
  const name = quoteName(table.schema, table.name);
  return encoding === 'UTF8' || bytesOf(name) === name.length;
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

function withinBytes(tables: readonly PlannedRelation[]): PlannedRelation[] {
  let bytes = 0;
  const end = tables.findIndex((table) => {
    bytes += bytesOf(naming('--exclude-table-data', table));
    return bytes > NAMES_BYTES_MAX;
  });
  return tables.slice(0, end < 0 ? undefined : end);
}

/** The longest first, each where the least is so far. @returns bins that have any, the fullest first */
function spread(tables: readonly PlannedRelation[], count: number): PlannedRelation[][] {
  const bins = Array.from({ length: count }, () => ({ bytes: 0, tables: [] as PlannedRelation[] }));
  for (const table of tables) {
    const least = bins.reduce((a, b) => (b.bytes < a.bytes ? b : a));
    least.tables.push(table);
    least.bytes += table.sizeBytes;
  }
  return bins
    .filter((bin) => bin.tables.length > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .map((bin) => bin.tables);
}

/**
 * A pattern that matches one name, because all that is between quotes stands for itself (patternToSQLRegex of
 * string_utils.c). Each name is a pattern of its own: the server finds it by an index, which took 0.4 ms among 10,000
 * tables; an alternation of 100 names took 0.8 s there, and the memory for one of 2,500 was refused.
 */
function naming(argument: '--table' | '--exclude-table-data', { schema, name }: PlannedRelation): string {
  return `${argument}=${quoteName(schema, name)}`;
}
