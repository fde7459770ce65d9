import { describe, expect, it } from '@jest/globals';
import type { SizeGate } from '../../../core/config/size-gate.ts';
import type { DatabaseDump, Evidence } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { baselineOf, dumpsOf, emptiedTables, smallerThanUsual } from '../../../core/size-gate.ts';
import { databaseDump, planOf, runRow, storedObject } from './run-samples.ts';

const GATE: SizeGate = { minRatio: 0.5, emptiedTableRows: 1000 };

function dumpOfSize(sizeBytes: number): DatabaseDump {
  const roles = storedObject('roles.sql', { role: 'roles', sizeBytes: 50_000_000 });
  return databaseDump('orders', { objects: [storedObject('archive.dump', { sizeBytes }), roles] });
}

function evidenceOf(tables: Readonly<Record<string, number>>): Evidence {
  return {
    tables: Object.entries(tables).map(([name, rows]) => ({ schema: 'public', name, rows })),
    sequences: [],
    largeObjects: { count: 0 },
    extensions: [],
    settings: [],
  };
}

describe('smallerThanUsual', () => {
  const usual = [1000, 1100, 900, 5000, 1050].map(dumpOfSize);

  it.each([
    [1050, undefined],
    [525, undefined],
    [524, 'the dump has 524 B, 49 % of the 1.0 KiB that are usual (median of the last 5)'],
    [0, 'the dump has 0 B, 0 % of the 1.0 KiB that are usual (median of the last 5)'],
    [90_000, undefined],
  ])('of %d bytes, with a median of 1050', (sizeBytes, reason) => {
    expect(smallerThanUsual(dumpOfSize(sizeBytes), usual, GATE)).toBe(reason);
  });

  it('takes the middle of two', () => {
    const past = [1000, 2000].map(dumpOfSize);
    expect(smallerThanUsual(dumpOfSize(750), past, GATE)).toBeUndefined();
    expect(smallerThanUsual(dumpOfSize(749), past, GATE)).toMatch(/49 %/);
  });

  it('looks at the parts of an archive together', () => {
    const parts = (...sizes: number[]): DatabaseDump =>
      databaseDump('orders', {
        objects: sizes.map((sizeBytes, index) =>
          storedObject(`${index}`, { sizeBytes, role: index === 0 ? 'schema' : 'data' }),
        ),
      });
    expect(smallerThanUsual(parts(10, 500, 500), [parts(10, 2000)], GATE)).toBeUndefined();
    expect(smallerThanUsual(parts(10, 500, 400), [parts(10, 2000)], GATE)).toMatch(/45 %/);
  });

  it('says nothing of the first dump, and nothing where it is turned off', () => {
    expect(smallerThanUsual(dumpOfSize(1), [], GATE)).toBeUndefined();
    expect(smallerThanUsual(dumpOfSize(1), usual, false)).toBeUndefined();
    expect(smallerThanUsual(dumpOfSize(1), usual, { ...GATE, minRatio: 0 })).toBeUndefined();
  });
});

describe('emptiedTables', () => {
  const before = evidenceOf({ orders: 1000, items: 5_000_000, few: 999, kept: 2000, dropped: 9000 });

  it('names the tables that had many rows and have none', () => {
    expect(emptiedTables(evidenceOf({ orders: 0, items: 0, few: 0, kept: 1 }), before, GATE)).toBe(
      '2 tables lost all rows: public.orders (had 1,000 rows), public.items (had 5,000,000 rows)',
    );
  });

  it('lists five of them', () => {
    const names = Array.from({ length: 7 }, (_, index) => `t${index}`);
    const all = (rows: number): Evidence => evidenceOf(Object.fromEntries(names.map((name) => [name, rows])));
    expect(emptiedTables(all(0), all(1000), GATE)).toMatch(/^7 tables .* and 2 more$/);
  });

  it('says nothing of what is as it was, and nothing where it is turned off', () => {
    expect(emptiedTables(before, before, GATE)).toBeUndefined();
    expect(emptiedTables(evidenceOf({}), before, GATE)).toBeUndefined();
    expect(emptiedTables(evidenceOf({ items: 0 }), before, { ...GATE, emptiedTableRows: false })).toBeUndefined();
    expect(emptiedTables(evidenceOf({ items: 0 }), before, false)).toBeUndefined();
  });
});

describe('the baseline', () => {
  const run = runRow({ plan: planOf('orders') });
  const earlier = (more: Partial<RunRow>): RunRow => runRow({ plan: planOf('orders'), verdict: 'verified', ...more });
  const names = (rows: readonly RunRow[]): string[] => baselineOf(run, rows).map((row) => row.run);

  it('is the last five verified runs', () => {
    const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) =>
      earlier({ run: name, ...(name === 'c' && { verdict: 'partial' }) }),
    );
    expect(names(rows)).toEqual(['a', 'b', 'd', 'e', 'f']);
  });

  it('has nothing that is suspect, failed or half removed', () => {
    const rows = [
      earlier({ run: 'suspect', verdict: 'suspect' }),
      { ...earlier({ run: 'failed' }), verdict: undefined },
      earlier({ run: 'deleting', deleting: '2025-11-21T02:30:11.000Z' }),
      earlier({ run: 'good' }),
    ];
    expect(names(rows)).toEqual(['good']);
  });

  it('begins anew with a point that a person has accepted', () => {
    const accepted = { by: 'ann', why: 'moved to the archive', at: '2025-11-21T02:30:11.000Z' };
    const rows = [
      earlier({ run: 'after' }),
      earlier({ run: 'accepted', verdict: 'suspect', accepted }),
      earlier({ run: 'before' }),
    ];
    expect(names(rows)).toEqual(['after', 'accepted']);
  });

  it('begins anew where the dumps are made in another way', () => {
    const other = planOf('orders');
    const rows = [
      earlier({ run: 'same' }),
      earlier({ run: 'other', plan: { ...other, dump: { ...other.dump, compression: 'none' } } }),
      earlier({ run: 'same again' }),
    ];
    expect(names(rows)).toEqual(['same']);
  });

  it('gives the dumps of one database', () => {
    const rows = [earlier({ dumps: [databaseDump('orders'), databaseDump('billing')] }), earlier({})];
    expect(dumpsOf('billing', rows)).toEqual([databaseDump('billing')]);
  });
});
