/** The head of an archive, read and changed. Real archives of every pg_dump: tests/e2e/restore. */
import { describe, expect, test } from '@jest/globals';
import {
  nameOf,
  readArchiveToc,
  withEdits,
  type ArchiveToc,
} from '../../../../../core/postgres/restore/archive-toc.ts';
import { headOf, type SampleEntry } from '../archive-samples.ts';

const ENTRIES: readonly SampleEntry[] = [
  { id: 1, kind: 'ENCODING', tag: 'ENCODING', definition: "SET client_encoding = 'UTF8';\n" },
  { id: 7, kind: 'SCHEMA', tag: 'Größe', definition: 'CREATE SCHEMA "Größe";\n', owner: 'app' },
  {
    ...{ id: 9, kind: 'TABLE', tag: 'a.b', schema: 'Größe', definition: 'CREATE TABLE t ();\n' },
    ...{ owner: 'postgres', tablespace: 'fast', needs: [7, 3] },
  },
  { id: 12, kind: 'INDEX', tag: 'a_ix', schema: 'Größe', definition: 'CREATE INDEX …;\n', section: 4, needs: [9] },
];

function tocOf(head: Uint8Array): ArchiveToc {
  const toc = readArchiveToc(head);
  if (toc === undefined) throw new Error('the head is not complete');
  return toc;
}

describe.each([14, 15, 16] as const)('version 1.%s', (minor) => {
  test('every entry is read, whatever comes behind the head', () => {
    const head = headOf(ENTRIES, minor);
    const toc = tocOf(Buffer.concat([head, Buffer.from('rows')]));
    expect(toc).toMatchObject({ dumpVersion: '17.11', serverVersion: '15.19', sizeBytes: head.length });
    const read = ENTRIES.map(({ id, kind, tag, schema = '', definition, tablespace = '', owner = '', needs = [] }) => {
      return { dumpId: id, kind, tag, schema, definition, tablespace, owner, needs };
    });
    expect(toc.entries).toMatchObject(read);
    expect(toc.entries.map(({ section }) => section)).toEqual(['pre-data', 'pre-data', 'pre-data', 'post-data']);
  });

  test('of a part of the head nothing is known', () => {
    const head = headOf(ENTRIES, minor);
    for (let length = 0; length < head.length; length++)
      expect(readArchiveToc(head.subarray(0, length))).toBeUndefined();
  });

  test('what is changed is read so, and everything else as it was', () => {
    const head = headOf(ENTRIES, minor);
    const [, schema, table] = tocOf(head).entries;
    if (!schema || !table) throw new Error('entries are missing');
    const edits = [
      { at: table.at.definition, change: (text: string) => text.replace('()', '(n integer)') },
      { at: schema.at.owner, change: () => '' },
      { at: table.at.tablespace, change: () => '' },
    ];
    const { entries } = tocOf(withEdits(head, edits));
    const changed = ENTRIES.map(({ id, section: _, ...entry }) => {
      if (id === 7) return { ...entry, owner: '' };
      return id === 9 ? { ...entry, tablespace: '', definition: 'CREATE TABLE t (n integer);\n' } : entry;
    });
    expect(entries).toMatchObject(changed);
    expect(withEdits(head, [])).toEqual(head);
  });
});

test('an edit leaves bytes of every encoding as they are', () => {
  const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  const head = headOf([{ id: 1, kind: 'FUNCTION', definition: bytes }]);
  const [entry] = tocOf(head).entries;
  if (!entry) throw new Error('there is no entry');
  const edited = withEdits(head, [{ at: entry.at.definition, change: (text) => `${text}!` }]);
  expect(Buffer.from(edited).indexOf(Buffer.concat([bytes, Buffer.from('!')]))).toBeGreaterThan(0);
});

test.each([
  ['LATIN1', Buffer.from('Größe', 'latin1'), 'Größe'],
  ['WIN1251', Buffer.of(0xcc, 0xe8, 0xf0), 'Мир'],
  ['EUC_JP', Buffer.of(0xc6, 0xfc, 0xcb, 0xdc), '日本'],
  ['SQL_ASCII', Buffer.from('Größe'), 'Größe'],
])('names are read in %s', (encoding, definition, name) => {
  const head = headOf([
    { id: 1, kind: 'ENCODING', tag: 'ENCODING', definition: `SET client_encoding = '${encoding}';\n` },
    { id: 2, kind: 'TABLE', definition },
  ]);
  expect(tocOf(head).entries[1]?.definition).toBe(name);
});

test.each([
  ['no archive', Buffer.from('CREATE TABLE t ();'), /is no archive of pg_dump/],
  ['a version of the future', headWith(6, 17), /has version 1\.17 of the format, which is not known here/],
  ['a version of the past', headWith(6, 13), /has version 1\.13 /],
  ['another size of numbers', headWith(8, 8), /custom format as pg_dump writes it/],
  ['the format of tar', headWith(10, 3), /custom format as pg_dump writes it/],
])('%s is refused', (_, bytes, message) => {
  expect(() => readArchiveToc(bytes)).toThrow(expect.objectContaining({ code: 'RestoreFailed' }));
  expect(() => readArchiveToc(bytes)).toThrow(message);
});

function headWith(at: number, byte: number): Buffer {
  const head = headOf(ENTRIES);
  head[at] = byte;
  return head;
}

test('an entry is named as a person names it', () => {
  const names = tocOf(
    headOf([
      { id: 1, kind: 'TABLE', tag: 't', schema: 'public' },
      { id: 2, kind: 'EVENT TRIGGER', tag: 'watch' },
      { id: 3, kind: 'COMMENT', tag: 'EXTENSION hstore' },
    ]),
  ).entries.map(nameOf);
  expect(names).toEqual(['TABLE public.t', 'EVENT TRIGGER watch', 'COMMENT EXTENSION hstore']);
});
