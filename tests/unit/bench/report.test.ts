import { expect, test } from '@jest/globals';
import { fitLine } from '../../bench/report/line-fit.ts';
import { median, summarise } from '../../bench/report/summary.ts';
import { dumpVerdicts, restoreVerdicts } from '../../bench/report/verdicts.ts';
import type { BenchResults, RunRecord } from '../../bench/results.ts';
import { DUMP_WAYS, RESTORE_WAYS } from '../../bench/ways/ways.ts';

const RUN: RunRecord = {
  way: 'holdfast',
  sizeMb: 3300,
  round: 1,
  problem: null,
  wallSeconds: 10,
  clientCpuSeconds: 9,
  serverCpuSeconds: 9,
  sinkCpuSeconds: 1,
  peakRssBytes: 100 * 1024 ** 2,
  tempDiskBytes: 0,
  writtenBytes: 0,
  uploadedBytes: 1,
  phases: null,
};
const RESTORE = { ...RUN, way: 'holdfast-restore', phases: { dataSeconds: 6, indexSeconds: 3 } } as const;

const resultsOf = (...runs: readonly Partial<RunRecord>[]): BenchResults => ({
  at: '2026-01-01T00:00:00.000Z',
  machine: { cores: 2, processor: 'any', memoryBytes: 1, system: 'any' },
  versions: {},
  settings: {},
  dataIsInMemory: true,
  rounds: 1,
  comparedMb: 3300,
  databases: [{ wantedMb: 3300, sizeBytes: 3.3e9, tables: 1, indexes: 1 }],
  leftOut: [{ way: 'fly-pigz', reason: 'pigz: not installed, left out' }],
  runs: runs.map((run) => ({ ...RUN, ...run })),
});

const verdicts = (results: BenchResults): Record<string, boolean | null> =>
  Object.fromEntries(
    [
      ...dumpVerdicts(results, summarise(results, DUMP_WAYS)),
      ...restoreVerdicts(results, summarise(results, RESTORE_WAYS)),
    ].map(({ target, met }) => [target, met]),
  );

test('a target is met from the figure that it names on', () => {
  const all = verdicts(resultsOf({}, { way: 'gzip-pipe', wallSeconds: 60 }, { way: 'fly-gzip', wallSeconds: 79.9 }));
  expect(all).toMatchObject({
    'at least 6x as fast as pg_dump -Fc | aws s3 cp -': true,
    'at least 8x as fast as the way of fly-pg-dump-to-s3, with tar -cz': false,
    'at least 8x as fast as the way of fly-pg-dump-to-s3, with pigz': null,
    "at most 1.12x the processors' limit, counting included": true,
    '0 bytes of temporary disk': true,
  });
});

test.each([
  [9.1, true],
  [9, false],
] as const)('counting, beside %d s without it', (wallSeconds, met) => {
  const uncounted = { way: 'holdfast-uncounted', wallSeconds } as const;
  const target = 'counting delays the dump by at most a tenth';
  expect(verdicts(resultsOf({}, uncounted))).toMatchObject({ [target]: met });
  expect(verdicts(resultsOf({}))).toMatchObject({ [target]: null });
});

test('a limit must hold in every run, also in one that was not the median', () => {
  const all = verdicts(resultsOf({}, {}, { peakRssBytes: 129 * 1024 ** 2, tempDiskBytes: 1 }));
  expect(all).toMatchObject({
    '0 bytes of temporary disk': false,
    'at most 128 MiB of memory in its largest process': false,
  });
});

test('a failed run of a rival is shown and lends no time', () => {
  const results = resultsOf({ way: 'gzip-pipe', problem: 'exit code 1' }, { way: 'zstd-pipe' }, { problem: 'no' });
  expect(summarise(results, DUMP_WAYS)).toMatchObject([
    { status: 'failed', problems: ['exit code 1'] },
    { status: 'left-out' },
    { status: 'measured', problems: [] },
    { status: 'failed', problems: ['no'] },
  ]);
});

test('a dump of this worker that failed is no success', () => {
  expect(verdicts(resultsOf({}, { problem: 'no' }))).toMatchObject({ 'every run of this worker ends verified': false });
});

test.each([
  [15, true],
  [14.9, false],
] as const)('a restore in 10 s, beside %d s of the stock pipe', (wallSeconds, met) => {
  const target = 'at least 1.5x as fast as aws s3 cp - | pg_restore';
  expect(verdicts(resultsOf(RESTORE, { ...RESTORE, way: 'gzip-restore', wallSeconds }))).toMatchObject({
    [target]: met,
  });
  expect(verdicts(resultsOf(RESTORE))).toMatchObject({ [target]: null });
});

test('a restore that failed is neither a good one nor a failed dump', () => {
  expect(verdicts(resultsOf({}, RESTORE, { ...RESTORE, problem: 'rows of events: 1 instead of 2' }))).toMatchObject({
    'every run of this worker ends verified': true,
    'every restore of this worker ends equal': false,
  });
});

test('the median of an even count is between the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});

test('a line through three points tells how far they are from it', () => {
  const line = fitLine([0, 1, 2].map((x) => ({ x, y: 3 + 2 * x })));
  expect([line?.slope, line?.intercept, line?.largestDeviation].map((value) => value?.toFixed(6))).toEqual([
    '2.000000',
    '3.000000',
    '0.000000',
  ]);
  expect(fitLine([0, 1, 2].map((x) => ({ x, y: x === 1 ? 2 : 1 })))?.largestDeviation).toBeCloseTo(0.8);
});
