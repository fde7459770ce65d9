import { expect, test } from '@jest/globals';
import { DumpedTables } from '../../../../core/postgres/dumped-tables.ts';
import type { PlannedRelation } from '../../../../core/postgres/plan-archives.ts';

const table = (name: string, change: Partial<PlannedRelation> = {}): PlannedRelation => ({
  ...{ schema: 'public', name, kind: 'r', withRows: true, ofExtension: false, sizeBytes: 0 },
  ...change,
});

function problem(due: readonly PlannedRelation[], dumped: readonly string[], encoding = 'UTF8'): string | undefined {
  const tables = new DumpedTables(encoding);
  for (const name of dumped) tables.add({ schema: 'public', name });
  return tables.problem(due);
}

test('each table once is what is due, and others may be there', () => {
  const notDue = [table('parted', { kind: 'p' }), table('number', { kind: 'S' }), table('raw', { withRows: false })];
  expect(problem([table('a'), table('b'), ...notDue], ['b', 'a', 'configuration'])).toBeUndefined();
});

test('what is missing is named, the first ones', () => {
  expect(problem([table('a'), table('b')], ['a'])).toBe('lack the rows of public.b');
  const many = Array.from({ length: 7 }, (_, n) => table(`t${n}`));
  expect(problem(many, [])).toBe('lack the rows of public.t0, public.t1, public.t2, public.t3, public.t4 and 2 more');
});

test('what comes twice is named', () => {
  expect(problem([table('a'), table('b')], ['a', 'b', 'a'])).toBe('hold more than once the rows of public.a');
});

test('dots in names do not make two of them one', () => {
  const tables = new DumpedTables('UTF8');
  tables.add({ schema: 'a.b', name: 'c' });
  expect(tables.problem([table('b.c', { schema: 'a' })])).toBe('lack the rows of a.b.c');
});

test('names in another encoding are counted, where they cannot be read', () => {
  const [asWritten, other] = ['gr\ufffd\ufffde', 'gr\u07fe'];
  expect(problem([table('gr\u00f6\u00dfe')], [asWritten], 'LATIN1')).toBeUndefined();
  expect(problem([table('gr\u00f6\u00dfe')], [asWritten], 'UTF8')).toBe('lack the rows of public.gr\u00f6\u00dfe');
  expect(problem([table('gr\u00f6\u00dfe'), table('gr\u00fcne')], [asWritten], 'LATIN1')).toBe(
    'lack the rows of public.gr\u00fcne',
  );
  expect(problem([table('gr\u00f6')], [other], 'LATIN1')).toBeUndefined();
});
