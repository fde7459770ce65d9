import { describe, expect, it } from '@jest/globals';
import type { SizeGate } from '../../../core/config/size-gate.ts';
import type { DatabaseDump, Evidence } from '../../../core/manifest.ts';
import type { DumpPlan, Outcome, RunRow } from '../../../core/run-record.ts';
import {
  countedAlike,
  dumpsOf,
  emptiedTables,
  isComplete,
  isUsual,
  sizedAlike,
  smallerThanUsual,
  vanishedDatabases,
} from '../../../core/size-gate.ts';
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

describe('what a run is compared with', () => {
  const run = runRow({ plan: planOf('orders') });
  const earlier = (more: Partial<RunRow>): RunRow => runRow({ plan: planOf('orders'), verdict: 'verified', ...more });
  const accepted = { by: 'ann', why: 'moved to the archive', at: '2025-11-21T02:30:11.000Z' };
  const dumpedSo = (name: string, dump: Partial<DumpPlan['dump']>): RunRow => {
    const plan = planOf('orders');
    return earlier({ run: name, plan: { ...plan, dump: { ...plan.dump, ...dump } } });
  };
  const names = (rows: readonly RunRow[]): string[] => rows.map((row) => row.run);

  it('is nothing that is partial, suspect, failed or half removed', () => {
    expect(isUsual(earlier({}))).toBe(true);
    expect(isUsual(earlier({ verdict: 'suspect', accepted }))).toBe(true);
    expect(isUsual(earlier({ verdict: 'partial' }))).toBe(false);
    expect(isUsual(earlier({ verdict: 'suspect' }))).toBe(false);
    expect(isUsual({ ...earlier({}), verdict: undefined })).toBe(false);
    expect(isUsual(earlier({ deleting: '2025-11-21T02:30:11.000Z' }))).toBe(false);
  });

  it('are five runs, or those since a person has accepted one', () => {
    expect(isComplete([])).toBe(false);
    expect(isComplete([earlier({}), earlier({}), earlier({}), earlier({})])).toBe(false);
    expect(isComplete([earlier({}), earlier({}), earlier({}), earlier({}), earlier({})])).toBe(true);
    expect(isComplete([earlier({}), earlier({ verdict: 'suspect', accepted })])).toBe(true);
  });

  it('begins anew for sizes where dumps are made in another way, and for rows where others are left out', () => {
    const baseline = [
      earlier({ run: 'same' }),
      dumpedSo('smaller', { compression: 'zstd:9' }),
      dumpedSo('without audit', { excludeTableData: ['audit.*'] }),
      earlier({ run: 'same again' }),
    ];
    expect(names(sizedAlike(run, baseline))).toEqual(['same']);
    expect(names(countedAlike(run, baseline))).toEqual(['same', 'smaller']);
  });

  it('gives the dumps of one database', () => {
    const rows = [earlier({ dumps: [databaseDump('orders'), databaseDump('billing')] }), earlier({})];
    expect(dumpsOf('billing', rows)).toEqual([databaseDump('billing')]);
  });

  it('finds databases that the server no longer has, where all are dumped', () => {
    const all = { ...planOf('orders'), databases: ['*'] };
    const before = [earlier({ dumps: [databaseDump('orders'), databaseDump('billing'), databaseDump('broken')] })];
    const failed = { status: 'failed', database: 'broken', failure: { code: 'DumpFailed', message: 'no' } } as const;
    const databases = [{ status: 'dumped', ...databaseDump('orders') } as const, failed];
    const now = runRow({ plan: all, outcome: { attempt: 1, databases, finishedAt: run.startedAt } as Outcome });
    expect(vanishedDatabases(now, before)).toEqual(['billing']);
    expect(vanishedDatabases({ ...now, plan: { ...all, databases: ['orders'] } }, before)).toEqual([]);
    expect(vanishedDatabases(now, [])).toEqual([]);
  });
});
