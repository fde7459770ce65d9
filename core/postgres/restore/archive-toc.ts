/**
 * The table of contents at the head of a custom-format archive: what pg_restore --list shows, but exact for every name,
 * with owners, statements and dependencies; and a head with some of it changed, for pg_restore to read.
 */
import { HoldfastError } from '../../errors.ts';
import {
  ENTRY_FIELDS,
  fieldsOf,
  FORMAT_CUSTOM,
  HEADER_FIELDS,
  INT_SIZE,
  knownMinor,
  MAGIC,
  OFFSET_SIZE,
} from '../archive-layout.ts';
import { HeadEnds, HeadReader, type Places, type Span } from './head-reader.ts';

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
  /** Empty for the database's own. */
  readonly tablespace: string;
  readonly section: Section;
  /** The statements that make it. */
  readonly definition: string;
  /** What takes its rows; empty where it has none. */
  readonly copyStatement: string;
  /** Dump ids of what it needs, which other archives of the same dump may hold. */
  readonly needs: readonly number[];
  /** What can be changed of it. */
  readonly at: Readonly<Record<'owner' | 'tablespace' | 'definition' | 'copyStatement', Span>>;
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
  const minor = readVersion(reader);
  const header = reader.fields(fieldsOf<HeaderField>(HEADER_FIELDS, minor));
  const count = reader.intAt(reader.skipField('int').start);
  const fields = fieldsOf<EntryField>(ENTRY_FIELDS, minor);
  const entries: TocEntry[] = [];
  for (let index = 0; index < count; index++) {
    const entry = entryOf(reader, reader.fields(fields));
    // It comes first.
    if (entry.kind === 'ENCODING') reader.setEncoding(ENCODING.exec(entry.definition)?.[1] ?? '');
    entries.push(entry);
  }
  return {
    dumpVersion: numberOf(reader.textAt(header('dumpVersion'))),
    serverVersion: numberOf(reader.textAt(header('serverVersion'))),
    entries,
    sizeBytes: reader.at,
  };
}

const ENCODING = /^SET client_encoding = '(\w+)';$/m;

type HeaderField = (typeof HEADER_FIELDS)[number]['name'];
type EntryField = (typeof ENTRY_FIELDS)[number]['name'];

/** `17.11 (Debian 17.11-1.pgdg12+1)` → `17.11` */
const numberOf = (version: string): string => version.split(' ', 1)[0] ?? '';

/** @returns the minor version */
function readVersion(reader: HeadReader): number {
  if (reader.latin1(MAGIC.length) !== MAGIC)
    throw new HoldfastError('RestoreFailed', 'the object is no archive of pg_dump');
  const version = `${reader.byte()}.${reader.byte()}`;
  reader.byte(); // the revision
  const minor = knownMinor(version);
  if (minor === undefined) {
    const message = `the archive has version ${version} of the format, which is not known here`;
    throw new HoldfastError('RestoreFailed', message);
  }
  if (reader.byte() !== INT_SIZE || reader.byte() !== OFFSET_SIZE || reader.byte() !== FORMAT_CUSTOM)
    throw new HoldfastError('RestoreFailed', 'the archive is not in the custom format as pg_dump writes it');
  return minor;
}

function entryOf(reader: HeadReader, at: Places<EntryField>): TocEntry {
  const text = (name: EntryField): string => reader.textAt(at(name));
  return {
    dumpId: reader.intAt(at('dumpId').start),
    kind: text('kind'),
    schema: text('schema'),
    tag: text('tag'),
    owner: text('owner'),
    tablespace: text('tablespace'),
    section: SECTIONS[reader.intAt(at('section').start)] ?? 'none',
    definition: text('definition'),
    copyStatement: text('copyStatement'),
    needs: reader.listAt(at('needs')).map(Number),
    at: {
      owner: at('owner'),
      tablespace: at('tablespace'),
      definition: at('definition'),
      copyStatement: at('copyStatement'),
    },
  };
}

/** `TABLE public.orders`, `EVENT TRIGGER watch`; some tags say themselves what they are. */
export function nameOf({ kind, schema, tag }: Pick<TocEntry, 'kind' | 'schema' | 'tag'>): string {
  const name = schema === '' ? tag : `${schema}.${tag}`;
  return tag.startsWith(kind) ? name : `${kind} ${name}`;
}

/** Something else in place of a text of the head; in Latin-1, which leaves bytes of any encoding as they are. */
export interface HeadEdit {
  readonly at: Span;
  readonly change: (text: string) => string;
}

/** The head with some of its texts changed: what pg_restore is given to read. */
export function withEdits(head: Uint8Array, edits: readonly HeadEdit[]): Uint8Array {
  const reader = new HeadReader(head);
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const { at, change } of [...edits].sort((a, b) => a.at.start - b.at.start)) {
    pieces.push(head.subarray(done, at.start), textBytes(change(reader.latin1At(at))));
    done = at.end;
  }
  return Buffer.concat([...pieces, head.subarray(done)]);
}

function textBytes(text: string): Uint8Array {
  const length = new Uint8Array(1 + INT_SIZE);
  new DataView(length.buffer).setUint32(1, text.length, true);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}
