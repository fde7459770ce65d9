/**
 * The table of contents at the head of a custom-format archive: what pg_restore --list shows, but exact for every name,
 * with owners, statements and dependencies. Format: src/bin/pg_dump/pg_backup_archiver.c, ReadHead and ReadToc.
 */
import { HoldfastError } from '../../errors.ts';

/** pg_backup.h: teSection. */
const SECTIONS = ['none', 'none', 'pre-data', 'data', 'post-data'] as const;
export type Section = (typeof SECTIONS)[number];

export interface TocEntry {
  /** What a use-list names an entry by. */
  readonly dumpId: number;
  /** Such as TABLE, TABLE DATA, INDEX, ACL. */
  readonly kind: string;
  /** Empty where the object lies in no schema. */
  readonly schema: string;
  /** The object's name, as each kind writes it: `t`, `t t_pkey`, `EXTENSION hstore`, `f(integer)`. */
  readonly tag: string;
  /** Empty where the archive sets none. */
  readonly owner: string;
  readonly section: Section;
  /** The statements that make it. */
  readonly definition: string;
  /** Dump ids of what it needs, which other archives of the same dump may hold. */
  readonly needs: readonly number[];
  /** Where the owner stands in the head, with its length before it. */
  readonly ownerAt: { readonly start: number; readonly end: number };
}

export interface ArchiveToc {
  /** Such as "17.11": of pg_dump. */
  readonly dumpVersion: string;
  /** Such as "15.19": of the server that was dumped. */
  readonly serverVersion: string;
  readonly entries: readonly TocEntry[];
  /** Length of head and table of contents: the data begins here. */
  readonly sizeBytes: number;
}

const MAGIC = 'PGDMP';
const FORMAT_CUSTOM = 1;
/** pg_dump 12 to 18 write 1.14 to 1.16. */
const OLDEST_VERSION = 14;
const NEWEST_VERSION = 16;

/**
 * @param head the first bytes of an archive, any number of them
 * @returns undefined while the table of contents is not complete
 * @throws RestoreFailed when it is no archive of a format that is known
 */
export function readArchiveToc(head: Uint8Array): ArchiveToc | undefined {
  try {
    return readToc(new HeadReader(head));
  } catch (error) {
    if (error instanceof HeadEnds) return undefined;
    throw error;
  }
}

function readToc(reader: HeadReader): ArchiveToc {
  const version = readVersion(reader);
  if (version >= 15) reader.byte();
  else reader.int();
  for (let field = 0; field < 7; field++) reader.int(); // the time of the dump
  reader.text(); // the database
  const serverVersion = reader.text() ?? '';
  const dumpVersion = reader.text() ?? '';
  const count = reader.int();
  const entries: TocEntry[] = [];
  for (let index = 0; index < count; index++) entries.push(readEntry(reader, version));
  return { dumpVersion: numberOf(dumpVersion), serverVersion: numberOf(serverVersion), entries, sizeBytes: reader.at };
}

/** `17.11 (Debian 17.11-1.pgdg12+1)` → `17.11` */
const numberOf = (version: string): string => version.split(' ', 1)[0] ?? '';

function readVersion(reader: HeadReader): number {
  if (reader.latin1(MAGIC.length) !== MAGIC)
    throw new HoldfastError('RestoreFailed', 'the object is no archive of pg_dump');
  const [major, minor] = [reader.byte(), reader.byte()];
  reader.byte(); // the revision
  if (major !== 1 || minor < OLDEST_VERSION || minor > NEWEST_VERSION) {
    throw new HoldfastError(
      'RestoreFailed',
      `the archive has version ${major}.${minor} of the format, which is not known here`,
    );
  }
  reader.intSize = reader.byte();
  reader.offsetSize = reader.byte();
  if (reader.byte() !== FORMAT_CUSTOM)
    throw new HoldfastError('RestoreFailed', 'the archive is not in the custom format');
  return minor;
}

function readEntry(reader: HeadReader, version: number): TocEntry {
  const dumpId = reader.int();
  reader.int(); // whether it has data
  reader.text(); // oid of its catalog
  reader.text(); // its oid
  const tag = reader.text() ?? '';
  const kind = reader.text() ?? '';
  const section = SECTIONS[reader.int()] ?? 'none';
  const definition = reader.text() ?? '';
  reader.text(); // the statement that drops it
  reader.text(); // its COPY statement
  const schema = reader.text() ?? '';
  reader.text(); // its tablespace
  reader.text(); // its access method
  if (version >= 16) reader.int(); // its relkind
  const ownerStart = reader.at;
  const owner = reader.text() ?? '';
  const ownerAt = { start: ownerStart, end: reader.at };
  reader.text(); // whether it has oids
  const needs = readNeeds(reader);
  reader.skip(1 + reader.offsetSize); // where its data is, which a dump into a stream does not know
  return { dumpId, kind, schema, tag, owner, section, definition, needs, ownerAt };
}

function readNeeds(reader: HeadReader): number[] {
  const needs: number[] = [];
  for (let id = reader.text(); id !== undefined; id = reader.text()) needs.push(Number(id));
  return needs;
}

/** The head without the owner of some entries: pg_restore then leaves them to the role that restores. */
export function withoutOwners(head: Uint8Array, entries: readonly TocEntry[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { ownerAt } of [...entries].sort((a, b) => a.ownerAt.start - b.ownerAt.start)) {
    pieces.push(head.subarray(at, ownerAt.start), noText(head));
    at = ownerAt.end;
  }
  return Buffer.concat([...pieces, head.subarray(at)]);
}

/** A text of no length: its sign and its length, all zeros. */
function noText(head: Uint8Array): Uint8Array {
  return new Uint8Array(1 + (head[MAGIC.length + 3] ?? 0));
}

class HeadEnds extends Error {}

class HeadReader {
  readonly #bytes: Buffer;
  at = 0;
  intSize = 4;
  offsetSize = 8;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  skip(sizeBytes: number): number {
    const start = this.at;
    if (start + sizeBytes > this.#bytes.length) throw new HeadEnds();
    this.at = start + sizeBytes;
    return start;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.skip(1));
  }

  /** A sign, then the amount, its lowest byte first. */
  int(): number {
    const negative = this.byte() !== 0;
    const amount = this.#bytes.readUIntLE(this.skip(this.intSize), this.intSize);
    return negative ? -amount : amount;
  }

  latin1(sizeBytes: number): string {
    const start = this.skip(sizeBytes);
    return this.#bytes.toString('latin1', start, this.at);
  }

  /** Undefined stands for C's NULL. */
  text(): string | undefined {
    const sizeBytes = this.int();
    if (sizeBytes < 0) return undefined;
    const start = this.skip(sizeBytes);
    return this.#bytes.toString('utf8', start, this.at);
  }
}
