/** What an archive says of itself before its data: WriteHead and WriteToc of pg_backup_archiver.c. */
import { BrokenArchive, type ArchiveReader, type Reading } from './archive-reader.ts';

const MAGIC = 'PGDMP';
const MAJOR = 1;
/** 1.14 is written by the majors 12 to 15. */
const MINOR_MIN = 14;
/** Of 16; the header has a byte for the kind of compression, in place of the level. */
const MINOR_COMPRESSION_BYTE = 15;
/** Of 17 and 18; an entry has the kind of its relation. */
const MINOR_RELKIND = 16;
const INT_SIZE = 4;
const OFFSET_SIZE = 8;
const FORMAT_CUSTOM = 1;
/** Second, minute, hour, day, month, year, summer time. */
const TIME_FIELDS = 7;
/** No offset is known, one is, or the entry has no data: K_OFFSET_* of pg_backup_archiver.h. */
const OFFSET_FLAGS = { notSet: 1, set: 2, noData: 3 } as const;
/** A name has 63 bytes at most. */
const NAME_BYTES = 64;

export interface EntryWithData {
  /** Such as `TABLE DATA`. */
  readonly kind: string;
  /** Of what has one; else ''. */
  readonly schema: string;
  /** For rows the name of their table. */
  readonly tag: string;
}

/** By their ids. */
export type EntriesWithData = Map<number, EntryWithData>;

/** @returns `1.16` */
export function* readVersion(reader: ArchiveReader): Reading<string> {
  for (const character of MAGIC) {
    if ((yield* reader.byte()) !== character.charCodeAt(0)) throw new BrokenArchive(`does not begin with ${MAGIC}`);
  }
  const major = yield* reader.byte();
  const minor = yield* reader.byte();
  yield* reader.byte(); // the revision changes nothing that a reader sees
  return `${major}.${minor}`;
}

/** @returns the minor version, or undefined where nothing is known of what follows */
export function knownMinor(version: string): number | undefined {
  const [major, minor] = version.split('.').map(Number);
  if (major !== MAJOR || minor === undefined || minor < MINOR_MIN || minor > MINOR_RELKIND) return undefined;
  return minor;
}

/** What follows the version. */
export function* readHeader(reader: ArchiveReader, minor: number): Reading<void> {
  const sizes = [yield* reader.byte(), yield* reader.byte()];
  if (sizes[0] !== INT_SIZE || sizes[1] !== OFFSET_SIZE) {
    throw new BrokenArchive(`has numbers of ${sizes.join(' and ')} bytes, where pg_dump writes 4 and 8`);
  }
  const format = yield* reader.byte();
  if (format !== FORMAT_CUSTOM) throw new BrokenArchive(`has the format ${format}, which is not the custom one`);
  yield* minor >= MINOR_COMPRESSION_BYTE ? reader.byte() : reader.int();
  for (let field = 0; field < TIME_FIELDS; field++) yield* reader.int();
  yield* reader.skipTexts(3); // database, versions of the server and of pg_dump
}

/** @param onEntry told before each entry how many there are before it, and how many in all */
export function* readContents(
  reader: ArchiveReader,
  minor: number,
  onEntry: (done: number, count: number) => void,
): Reading<EntriesWithData> {
  const count = yield* reader.count();
  const entries: EntriesWithData = new Map();
  for (let done = 0; done < count; done++) {
    onEntry(done, count);
    yield* readEntry(reader, minor, entries);
  }
  return entries;
}

function* readEntry(reader: ArchiveReader, minor: number, entries: EntriesWithData): Reading<void> {
  const id = yield* reader.int();
  if (id <= 0) throw new BrokenArchive(`has an entry with the id ${id}`);
  const hasData = (yield* reader.int()) !== 0;
  yield* reader.skipTexts(2); // oids of its catalog and of itself
  const tag = yield* readName(reader, hasData);
  const kind = yield* readName(reader, hasData);
  yield* reader.int(); // section
  yield* reader.skipTexts(3); // statements to make it, to drop it, to copy its rows
  const schema = yield* readName(reader, hasData);
  yield* reader.skipTexts(2); // tablespace, access method
  if (minor >= MINOR_RELKIND) yield* reader.int();
  yield* reader.skipTexts(2); // owner, whether it has oids
  yield* reader.skipList(); // what it depends on
  requireFlag(id, yield* reader.offsetFlag(), hasData);
  if (!hasData) return;
  if (entries.has(id)) throw new BrokenArchive(`has two entries with the id ${id}`);
  entries.set(id, { kind, schema, tag });
}

function* readName(reader: ArchiveReader, wanted: boolean): Reading<string> {
  if (wanted) return (yield* reader.text(NAME_BYTES)) ?? '';
  yield* reader.skipTexts(1);
  return '';
}

function requireFlag(id: number, flag: number, hasData: boolean): void {
  const { notSet, set, noData } = OFFSET_FLAGS;
  if (hasData ? flag === notSet || flag === set : flag === noData) return;
  throw new BrokenArchive(`has an entry with the id ${id} whose flag of data is ${flag}`);
}
