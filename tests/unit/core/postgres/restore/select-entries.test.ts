import { expect, test } from '@jest/globals';
import type { TocEntry } from '../../../../../core/postgres/restore/archive-toc.ts';
import { chooseEntries, completeSelection } from '../../../../../core/postgres/restore/select-entries.ts';

const nowhere = { start: 0, end: 0 };

function entry(dumpId: number, kind: string, tag: string, needs: readonly number[] = []): TocEntry {
  const at = { owner: nowhere, tablespace: nowhere, definition: nowhere, copyStatement: nowhere };
  const names = { schema: 'public', tag, owner: 'postgres', tablespace: '' };
  return { dumpId, kind, section: 'pre-data', ...names, definition: '', copyStatement: '', needs, at };
}

const PARTITIONED = [
  entry(1, 'TABLE', 'measured'),
  entry(2, 'TABLE', 'of_2024'),
  entry(3, 'TABLE', 'of_may'),
  entry(4, 'TABLE ATTACH', 'of_2024', [1, 2]),
  entry(5, 'TABLE ATTACH', 'of_may', [2, 3]),
];

test.each([
  ['measured', []],
  ['of_2024', ['TABLE public.of_2024']],
  ['of_may', ['TABLE public.of_may']],
])('%s: partitions whose rows were counted elsewhere are not compared: %j', (table, alone) => {
  const chosen = chooseEntries(PARTITIONED, { tables: [table], schemas: [] });
  const { differences } = completeSelection(PARTITIONED, chosen, new Set());
  expect(differences.filter(({ kind }) => kind === 'not compared').map(({ object }) => object)).toEqual(alone);
});
