import { expect, test } from '@jest/globals';
import { groupDifferences, rowDifferences } from '../../../core/group-differences.ts';

const ownerOf = (object: string, owner = 'app') => ({ kind: 'owner', object, detail: `not given to ${owner}` });
const leftOut = { kind: 'left out', object: 'SUBSCRIPTION s', detail: 'only a superuser may subscribe' };

test('one line for each reason, what is missing first', () => {
  const differences = [ownerOf('TABLE a'), ownerOf('TABLE b', 'other'), ownerOf('SEQUENCE a_id'), leftOut];
  const notCompared = { kind: 'not compared', object: 'TABLE c', detail: 'why' };
  const withoutRows = { kind: 'without rows', object: 'TABLE c', detail: 'why' };
  const atDump = { kind: 'left out at the dump', object: 'TABLE d', detail: 'why' };
  expect(groupDifferences([...differences, notCompared, withoutRows, atDump], 10)).toEqual([
    leftOut,
    atDump,
    withoutRows,
    notCompared,
    ownerOf('TABLE a, SEQUENCE a_id'),
    ownerOf('TABLE b', 'other'),
  ]);
});

test('a line names so many, each once, and says how many more there are', () => {
  const differences = ['a', 'b', 'c', 'a', 'd'].map((name) => ownerOf(name));
  expect(groupDifferences(differences, 2)).toEqual([ownerOf('a, b and 2 more')]);
  expect(groupDifferences(differences, 4)).toEqual([ownerOf('a, b, c, d')]);
});

test.each([
  [1, 50, 10],
  [10, 20, 40],
  [100, 2, 58],
  [1000, 1, 59],
])('%i databases share a row: %i lines of each, and %i omitted', (databases, lines, omitted) => {
  const all = Array.from({ length: 60 }, (_, n) => ownerOf(`TABLE t${n}`, `owner ${n}`));
  const { differences, differencesOmitted } = rowDifferences(all, databases);
  expect([differences.length, differencesOmitted]).toEqual([lines, omitted]);
});

test('the longest lines fit into a row of DynamoDB', () => {
  const name = (kind: string, n: number): string => `${kind} ${'s'.repeat(63)}.${String(n).padStart(63, 't')}`;
  const all = Array.from({ length: 3000 }, (_, n) => ownerOf(name('TABLE', n), `owner ${n % 50}`));
  const rows = Array.from({ length: 100 }, () => rowDifferences(all, 100));
  expect(JSON.stringify(rows).length).toBeLessThan(310_000);
});
