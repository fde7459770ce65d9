/** What no archive at hand has: very many tables. Real archives: tests/e2e/worker/archive-walker.test.ts. */
import { expect, test } from '@jest/globals';
import { walkArchive } from '../../../../core/postgres/archive-walker.ts';

const TABLES = 100_000;
const DEFINITION = 'x'.repeat(10_000);

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.writeInt32LE(value, 1);
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([int(value.length), Buffer.from(value)]);
const NO_TEXT = Buffer.of(1, 1, 0, 0, 0);

/** Of version 1.16. */
const header = Buffer.concat([
  Buffer.from('PGDMP'),
  Buffer.of(1, 16, 0, 4, 8, 1, 0),
  ...[1, 2, 3, 4, 5, 125, 0].map(int),
  ...['shop', '17.5', '17.5'].map(text),
]);

function entry(kind: 'TABLE' | 'TABLE DATA'): Buffer {
  const hasData = kind === 'TABLE DATA';
  return Buffer.concat([
    ...[int(1), int(hasData ? 1 : 0), text('1259'), text('16384'), text('item_000000'), text(kind), int(3)],
    ...[hasData ? '' : DEFINITION, 'DROP', 'COPY', 'public', '', 'heap'].map(text),
    ...[int(114), text('owner'), text('false'), text('12'), NO_TEXT],
    ...[Buffer.of(hasData ? 1 : 3), Buffer.alloc(8)],
  ]);
}

/** The same bytes under another id, which they begin with. */
const withId = (bytes: Buffer, id: number): Buffer => {
  bytes.writeInt32LE(id, 1);
  return bytes;
};

test('of very many tables it keeps no more than their names', () => {
  const [table, data, block] = [entry('TABLE'), entry('TABLE DATA'), Buffer.concat([int(0), int(0)])];
  const walker = walkArchive();
  const before = process.memoryUsage.rss();
  walker.take(header);
  walker.take(int(2 * TABLES));
  for (let id = 1; id <= TABLES; id++) {
    walker.take(withId(table, TABLES + id));
    walker.take(withId(data, id));
  }
  expect(walker.blocksDue).toBe(TABLES);
  for (let id = 1; id <= TABLES; id++) {
    walker.take(Buffer.of(1));
    walker.take(withId(block, id));
  }
  expect(walker.end()).toEqual({ status: 'whole' });
  // The definitions alone are 1 GB; what the test itself throws away counts too.
  expect(process.memoryUsage.rss() - before).toBeLessThan(400 * 1024 ** 2);
});
