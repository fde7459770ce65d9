/** Heads of archives, written as pg_dump writes them: by hand, so that they share nothing with what reads them. */

export interface SampleEntry {
  readonly id: number;
  readonly kind: string;
  readonly tag?: string;
  readonly schema?: string;
  readonly definition?: string | Buffer;
  readonly tablespace?: string;
  readonly owner?: string;
  /** 2 pre-data, 3 data, 4 post-data. */
  readonly section?: number;
  readonly needs?: readonly number[];
}

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(value < 0 ? 1 : 0);
  bytes.writeUInt32LE(Math.abs(value), 1);
  return bytes;
};

const text = (value: string | Buffer): Buffer => Buffer.concat([int(Buffer.from(value).length), Buffer.from(value)]);
const NO_TEXT = int(-1);

/** @param minor 14: of pg_dump 15, 15: of 16, 16: of 17 and 18 */
export function headOf(entries: readonly SampleEntry[], minor: 14 | 15 | 16 = 16): Buffer {
  return Buffer.concat([
    ...[Buffer.from('PGDMP'), Buffer.of(1, minor, 0, 4, 8, 1), minor === 14 ? int(-1) : Buffer.of(0)],
    ...[1, 2, 3, 4, 5, 125, 0].map(int),
    ...['shop', '15.19 (Debian 15.19-1)', '17.11'].map(text),
    int(entries.length),
    ...entries.map((entry) => entryOf(entry, minor)),
  ]);
}

function entryOf(entry: SampleEntry, minor: number): Buffer {
  const { id, kind, tag = '', schema, definition = '', tablespace, owner = '', section = 2, needs = [] } = entry;
  return Buffer.concat([
    ...[int(id), int(0), text('1259'), text('16384'), text(tag), text(kind), int(section)],
    ...[text(definition), text('DROP'), NO_TEXT, schema === undefined ? NO_TEXT : text(schema)],
    ...[tablespace === undefined ? NO_TEXT : text(tablespace), NO_TEXT],
    ...(minor === 16 ? [int(114)] : []),
    ...[text(owner), text('false'), ...needs.map((need) => text(String(need))), NO_TEXT],
    ...[Buffer.of(3), Buffer.alloc(8)],
  ]);
}
