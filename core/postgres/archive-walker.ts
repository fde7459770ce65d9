/**
 * Walks an archive of pg_dump's custom format while its bytes pass by: whether every data block that its table of contents
 * names is there, from its beginning to its terminator, and nothing else. What is inside of the blocks is not looked at.
 *
 * After pg_backup_archiver.c and pg_backup_custom.c of PostgreSQL 18, which reads what 12 to 17 wrote.
 */
import { knownMinor, readContents, readHeader, readVersion } from './archive-contents.ts';
import { ArchiveReader, BrokenArchive, type Reading } from './archive-reader.ts';
import type { EntriesWithData, EntryWithData } from './entries-with-data.ts';

export interface ArchiveWalker {
  /** The next bytes, in pieces of any size; they are neither copied nor kept. */
  take(chunk: Uint8Array): void;
  /** Data blocks that have come with their terminators. */
  readonly blocksDone: number;
  /** Data blocks that the table of contents names; null until it has come. */
  readonly blocksDue: number | null;
  /** What the bytes taken so far are, were there no more. */
  end(): ArchiveEnd;
}

export type ArchiveEnd =
  | { readonly status: 'whole' }
  /** `problem` continues "the archive …". */
  | { readonly status: 'broken'; readonly problem: string }
  /** It was not looked at any further. */
  | { readonly status: 'unknown-version'; readonly version: string };

const BLOCK_DATA = 1;
const BLOCK_LARGE_OBJECTS = 3;
const NAMES_SHOWN = 5;

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * Told of each entry whose data has come: its name, such as `TABLE DATA public.item`, the table, where it has a table's
 * rows, and how many large objects it has.
 */
export type OnBlock = (name: string, table: TableName | undefined, largeObjects: number) => void;

export function walkArchive(onBlock: OnBlock = () => undefined): ArchiveWalker {
  return new Walk(onBlock);
}

class Walk implements ArchiveWalker {
  blocksDone = 0;
  blocksDue: number | null = null;
  readonly #onBlock: OnBlock;
  readonly #reader = new ArchiveReader();
  readonly #steps = this.#walk();
  #due: EntriesWithData = new Map();
  /** What is being read; null between blocks, where an archive may end. */
  #place: string | null = 'its header';
  /** Fixed before the end, when more bytes cannot change it. */
  #end: ArchiveEnd | undefined;

  constructor(onBlock: OnBlock) {
    this.#onBlock = onBlock;
    this.#steps.next();
  }

  take(chunk: Uint8Array): void {
    if (this.#end || chunk.length === 0) return;
    this.#reader.feed(chunk);
    try {
      this.#steps.next();
    } catch (error) {
      if (!(error instanceof BrokenArchive)) throw error;
      this.#end = { status: 'broken', problem: error.message };
    }
  }

  end(): ArchiveEnd {
    if (this.#end) return this.#end;
    if (this.#place !== null) return { status: 'broken', problem: `ends inside ${this.#place}` };
    if (this.#due.size === 0) return { status: 'whole' };
    return { status: 'broken', problem: `lacks ${listed([...this.#due.values()].map(nameOf))}` };
  }

  *#walk(): Reading<void> {
    const version = yield* readVersion(this.#reader);
    const minor = knownMinor(version);
    if (minor === undefined) {
      this.#end = { status: 'unknown-version', version };
      return;
    }
    yield* readHeader(this.#reader, minor);
    this.#place = 'its table of contents';
    this.#due = yield* readContents(this.#reader, minor, (done, count) => {
      this.#place = `its table of contents, after ${done} of ${count} entries`;
    });
    this.blocksDue = this.#due.size;
    for (;;) yield* this.#block();
  }

  *#block(): Reading<void> {
    this.#place = null;
    const type = yield* this.#reader.byte();
    if (this.#due.size === 0) throw new BrokenArchive('has bytes after its last data block');
    if (type !== BLOCK_DATA && type !== BLOCK_LARGE_OBJECTS) {
      throw new BrokenArchive(`has a block of the unknown type ${type} after ${this.blocksDone} data blocks`);
    }
    this.#place = 'the beginning of a data block';
    const id = yield* this.#reader.int();
    const entry = this.#due.get(id);
    if (entry === undefined) throw new BrokenArchive(`has a data block with the id ${id}, for which no entry waits`);
    const name = nameOf(entry);
    this.#place = name;
    let largeObjects = 0;
    if (type === BLOCK_DATA) yield* this.#reader.skipData();
    else largeObjects = yield* skipLargeObjects(this.#reader);
    this.#due.delete(id);
    this.blocksDone += 1;
    this.#onBlock(name, tableOf(entry), largeObjects);
  }
}

/** Each has its oid before its data; the oid 0 ends them. @returns how many there were */
function* skipLargeObjects(reader: ArchiveReader): Reading<number> {
  for (let count = 0; ; count++) {
    if ((yield* reader.int()) === 0) return count;
    yield* reader.skipData();
  }
}

function nameOf({ kind, schema, tag }: EntryWithData): string {
  return `${kind} ${schema === '' ? tag : `${schema}.${tag}`}`;
}

function tableOf({ kind, schema, tag }: EntryWithData): TableName | undefined {
  return kind === 'TABLE DATA' ? { schema, name: tag } : undefined;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}
