/** What an archive says of itself before its data, read while it passes by: only names of what has data are kept. */
import {
  ENTRY_FIELDS,
  fieldsOf,
  FORMAT_CUSTOM,
  HEADER_FIELDS,
  INT_SIZE,
  MAGIC,
  OFFSET_FLAGS,
  OFFSET_SIZE,
  type Field,
  type FieldType,
} from './archive-layout.ts';
import { BrokenArchive, type ArchiveReader, type Reading } from './archive-reader.ts';
import type { EntriesWithData, EntryWithData } from './entries-with-data.ts';
import { PackedEntries } from './packed-entries.ts';

export { knownMinor } from './archive-layout.ts';

/** A name has 63 bytes at most. */
const NAME_BYTES = 64;

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

/** What follows the version. */
export function* readHeader(reader: ArchiveReader, minor: number): Reading<void> {
  const sizes = [yield* reader.byte(), yield* reader.byte()];
  if (sizes[0] !== INT_SIZE || sizes[1] !== OFFSET_SIZE) {
    throw new BrokenArchive(`has numbers of ${sizes.join(' and ')} bytes, where pg_dump writes 4 and 8`);
  }
  const format = yield* reader.byte();
  if (format !== FORMAT_CUSTOM) throw new BrokenArchive(`has the format ${format}, which is not the custom one`);
  for (const { type } of fieldsOf(HEADER_FIELDS, minor)) yield* skipField(reader, type);
}

/** @param onEntry told before each entry how many there are before it, and how many in all */
export function* readContents(
  reader: ArchiveReader,
  minor: number,
  onEntry: (done: number, count: number) => void,
): Reading<EntriesWithData> {
  const count = yield* reader.count();
  const fields = fieldsOf<EntryField>(ENTRY_FIELDS, minor);
  const entries = new PackedEntries();
  for (let done = 0; done < count; done++) {
    onEntry(done, count);
    yield* readEntry(reader, fields, entries);
  }
  return entries;
}

type EntryField = (typeof ENTRY_FIELDS)[number]['name'];

function* readEntry(
  reader: ArchiveReader,
  fields: readonly Field<EntryField>[],
  entries: PackedEntries,
): Reading<void> {
  const names = { kind: '', schema: '', tag: '' };
  let [id, hasData] = [0, false];
  for (const { name, type } of fields) {
    if (name === 'dumpId') id = yield* readId(reader);
    else if (name === 'hasData') hasData = (yield* reader.int()) !== 0;
    else if (name === 'dataAt') requireFlag(id, yield* reader.offsetFlag(), hasData);
    else if (hasData && isKept(name)) names[name] = (yield* reader.text(NAME_BYTES)) ?? '';
    else yield* skipField(reader, type);
  }
  if (!hasData) return;
  if (entries.has(id)) throw new BrokenArchive(`has two entries with the id ${id}`);
  entries.add(id, names);
}

const isKept = (name: EntryField): name is keyof EntryWithData =>
  name === 'kind' || name === 'schema' || name === 'tag';

function* readId(reader: ArchiveReader): Reading<number> {
  const id = yield* reader.int();
  if (id <= 0) throw new BrokenArchive(`has an entry with the id ${id}`);
  return id;
}

function requireFlag(id: number, flag: number, hasData: boolean): void {
  const { notSet, set, noData } = OFFSET_FLAGS;
  if (hasData ? flag === notSet || flag === set : flag === noData) return;
  throw new BrokenArchive(`has an entry with the id ${id} whose flag of data is ${flag}`);
}

function* skipField(reader: ArchiveReader, type: FieldType): Reading<void> {
  switch (type) {
    case 'byte':
      yield* reader.byte();
      break;
    case 'int':
      yield* reader.int();
      break;
    case 'text':
      yield* reader.skipTexts(1);
      break;
    case 'list':
      yield* reader.skipList();
      break;
    case 'offset':
      yield* reader.offsetFlag();
      break;
  }
}
