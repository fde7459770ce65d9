import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PackedList } from '../../../core/packed-list.ts';
import { PackedEntries } from '../../../core/postgres/packed-entries.ts';

const items = fc.array(
  fc.record({ name: fc.string({ unit: 'binary' }), bytes: fc.nat(), is: fc.boolean(), of: fc.option(fc.string()) }),
  { maxLength: 350 },
);

test('what is put in comes out, in its order, each time', () => {
  fc.assert(
    fc.property(items, items, (first, second) => {
      const list = new PackedList<(typeof first)[number]>();
      list.add(first);
      list.add(second);
      expect(list.length).toBe(first.length + second.length);
      const all = [...first, ...second];
      expect([[...list], [...list]]).toEqual([all, all]);
    }),
    { numRuns: 50 },
  );
});

test('a hundred thousand tables take little more than their names', () => {
  const list = new PackedList<object>();
  const before = process.memoryUsage().arrayBuffers;
  const table = { schema: 'public', kind: 'r', withRows: true, condition: null, sizeBytes: 8192 };
  for (let n = 0; n < 100_000; n++) list.add([{ ...table, oid: 100_000 + n, name: `a_table_of_very_many_${n}` }]);
  expect((process.memoryUsage().arrayBuffers - before) / 100_000).toBeLessThan(60);
});

test('entries are found in any order, until they are deleted', () => {
  const entries = new PackedEntries();
  const entry = (id: number) => ({ kind: 'TABLE DATA', schema: 'public', tag: `table ${id}` });
  for (let id = 1; id <= 250; id++) entries.add(id, entry(id));
  for (const id of [1, 2, 200, 3, 250, 199]) {
    expect(entries.get(id)).toMatchObject(entry(id));
    expect(entries.delete(id)).toBe(true);
    expect(entries.get(id)).toBeUndefined();
  }
  expect(entries.size).toBe(244);
  expect([...entries.values()].map(({ tag }) => tag).slice(0, 2)).toEqual(['table 4', 'table 5']);
});
