import { describe, expect, test } from '@jest/globals';
import type { TocEntry } from '../../../../../core/postgres/restore/archive-toc.ts';
import { freshRowEdits, freshTables } from '../../../../../core/postgres/restore/fresh-rows.ts';
import { rowKey } from '../../../../../core/postgres/restore/select-entries.ts';

const nowhere = { start: 0, end: 0 };

function rowsOf(schema: string, tag: string, copyStatement: string): TocEntry {
  const at = { owner: nowhere, tablespace: nowhere, definition: nowhere, copyStatement: nowhere };
  const names = { schema, tag, owner: 'postgres', tablespace: '', definition: '' };
  return { dumpId: 1, kind: 'TABLE DATA', section: 'data', ...names, copyStatement, needs: [], at };
}

/** What is sent for them, where all of their tables are made by the restore. */
function sentFor(...entries: readonly TocEntry[]): string[] {
  const made = new Set(entries.map(({ schema, tag }) => rowKey(schema, tag)));
  const edits = freshRowEdits(entries, freshTables(made, entries));
  return edits.map(({ change }, index) => change(entries[index]?.copyStatement ?? ''));
}

describe('a table is emptied by the query that fills it', () => {
  test.each([
    ['public', 't', 'public.t', '(id, name)'],
    ['public', 'no columns', 'public."no columns"', ''],
    ['Odd "Schema".', 'a (b) FROM stdin;\n', '"Odd ""Schema""."."a (b) FROM stdin;\n"', '("x FROM stdin;\n")'],
    ['größe', 'maß', '"größe"."maß"', '(id)'],
    ['public', '$$', 'public."$$"', '("$1 $& $`")'],
  ])('%s, %s', (schema, tag, name, columns) => {
    expect(sentFor(rowsOf(schema, tag, `COPY ${name} ${columns} FROM stdin;\n`))).toEqual([
      `TRUNCATE TABLE ONLY ${name};\nCOPY ${name} ${columns} FROM stdin WITH (FREEZE);\n`,
    ]);
  });
});

const straight = rowsOf('public', 'a', 'COPY public.a (id) FROM stdin;\n');

test.each([
  ['through a root', rowsOf('public', 'leaf', 'COPY public.root (id) FROM stdin;\n')],
  ['through a root of another schema', rowsOf('public', 'leaf', 'COPY other.leaf (id) FROM stdin;\n')],
  ['in an unknown way', rowsOf('public', 'leaf', '')],
])('no table is emptied where rows of one come %s', (_, other) => {
  expect(sentFor(straight, other)).toEqual([]);
});

test('a table that the restore does not make is left as it is', () => {
  expect(freshRowEdits([straight], freshTables(new Set(), [straight]))).toEqual([]);
});
