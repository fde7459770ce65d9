import { beforeEach, describe, expect, test } from '@jest/globals';
import { ProgressMeter } from '../../../worker/progress.ts';

let nowMs: number;
let meter: ProgressMeter;

beforeEach(() => {
  nowMs = Date.parse('2025-11-21T02:30:00.000Z');
  meter = new ProgressMeter(() => nowMs);
});

const later = (seconds: number): void => {
  nowMs += seconds * 1000;
};
const table = (name: string, sizeBytes: number) =>
  ({ schema: 'public', name, kind: 'r', sizeBytes, withRows: true }) as const;

test('nothing is said of what is not known', () => {
  expect(meter.read()).toEqual({
    phase: 'connecting',
    database: null,
    databasesDone: 0,
    databasesDue: 0,
    bytesUploaded: 0,
    at: '2025-11-21T02:30:00.000Z',
  });
});

test('the rate is that of the last half a minute, from the second report on', () => {
  const rateAfter = (seconds: number, bytes: number): number | undefined => {
    later(seconds);
    meter.addBytes(bytes);
    return meter.read().bytesPerSecond;
  };
  expect(rateAfter(0, 1000)).toBeUndefined();
  expect(rateAfter(0, 1000)).toBeUndefined();
  expect(rateAfter(10, 6000)).toBe(700);
  expect(rateAfter(20, 0)).toBe(233);
  expect(rateAfter(20, 0)).toBe(0);
  expect(rateAfter(60, 6000)).toBeUndefined();
});

test('tables are counted over all archives, and what else has data is none', () => {
  const tables = ['one', 'two', 'three'].map((name) => table(name, 10));
  const others = [
    { ...table('partitioned', 0), kind: 'p' },
    { ...table('excluded', 10), withRows: false },
  ] as const;
  const database = meter.beginDatabase({ tables: [...tables, ...others], otherBytes: 0 });
  const [first, second] = [database.archive(), database.archive()];
  expect(meter.read()).toMatchObject({ tablesDone: 0, tablesDue: 3 });
  first.onBlock('', table('one', 10));
  second.onBlock('', table('two', 10));
  second.onBlock('BLOBS 1..9', undefined);
  expect(meter.read()).toMatchObject({ tablesDone: 2, tablesDue: 3 });
  meter.beginDatabase({ tables: [], otherBytes: 0 });
  expect(meter.read()).toMatchObject({ tablesDone: 0, tablesDue: 0 });
});

describe('what is left', () => {
  /** 50 bytes a second, and so many of the archive written; what is done of it is told before. */
  const secondsLeft = (move: (bytes: number) => void, bytes: number): number | undefined => {
    meter.read();
    later(10);
    meter.addBytes(500);
    move(bytes);
    return meter.read().secondsLeft;
  };
  const begin = (otherBytes: number) => {
    const tables = [table('small', 10), table('medium', 1990), table('large', 8000)];
    const archive = meter.beginDatabase({ tables, otherBytes }).archive();
    return {
      ...archive,
      move: (bytes: number) => {
        archive.onMoved(bytes);
      },
    };
  };

  test('is foretold by what is done', () => {
    const { move, onBlock } = begin(0);
    move(5);
    onBlock('', table('small', 10));
    expect(secondsLeft(move, 400)).toBeUndefined();
    move(500);
    onBlock('', table('medium', 1990));
    // 2000 bytes became 500, so 10,000 become 2500, of which 1500 are left.
    expect(secondsLeft(move, 1000)).toBe(30);
  });

  test('counts large objects, whose blocks say nothing of tables', () => {
    const { move, onBlock } = begin(2000);
    move(100);
    onBlock('BLOBS 1..9', undefined);
    move(600);
    onBlock('', table('medium', 1990));
    expect(secondsLeft(move, 1000)).toBe(Math.ceil(((500 / 1990) * 12_000 - 1000) / 50));
  });

  test('is foretold where there are thousands of tables, all small', () => {
    const tables = Array.from({ length: 5000 }, (_, n) => table(`t${n}`, n % 2 === 0 ? 0 : 20));
    const archive = meter.beginDatabase({ tables, otherBytes: 0 }).archive();
    const move = (bytes: number): void => {
      archive.onMoved(bytes);
    };
    for (let n = 0; n < 1000; n++) {
      move((n + 1) * 5);
      archive.onBlock('', table(`t${n}`, 0));
    }
    // A fifth is 5000 bytes; 20,000 are left.
    expect(secondsLeft(move, 5000)).toBe(400);
  });

  test('is not foretold where it was foretold wrong, nor while nothing moves', () => {
    const { move, onBlock } = begin(0);
    move(100);
    onBlock('', table('medium', 1990));
    meter.read();
    later(10);
    expect(meter.read()).toMatchObject({ bytesPerSecond: 0 });
    expect(meter.read().secondsLeft).toBeUndefined();
    expect(secondsLeft(move, 5000)).toBeUndefined();
  });
});

test('it is idle while neither pg_dump nor S3 moves a byte', () => {
  const archive = meter.beginDatabase({ tables: [], otherBytes: 0 }).archive();
  later(3);
  expect(meter.idleMs()).toBe(3000);
  archive.onMoved(1);
  later(1);
  expect(meter.idleMs()).toBe(1000);
  meter.addBytes(1);
  expect(meter.idleMs()).toBe(0);
  later(2);
  meter.beginDatabase({ tables: [], otherBytes: 0 });
  expect(meter.idleMs()).toBe(0);
});
