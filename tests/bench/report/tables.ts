/** Tables as titles and cells, for the terminal and for the page alike. */
import type { BenchResults } from '../results.ts';
import type { WayId } from '../ways/way.ts';
import { sizeSeries } from './size-series.ts';
import { summaryById, type Row, type Summary } from './summary.ts';
import type { Verdict } from './verdicts.ts';

export interface Cells {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const PROBLEM_LENGTH_MAX = 100;
const MEGABYTE = 1e6;
const MEBIBYTE = 1024 ** 2;

interface Column {
  readonly title: string;
  readonly of: (summary: Summary, rows: readonly Row[]) => string;
}

/** How much faster a way is than this one. */
const versus = (id: WayId, title: string): Column => ({
  title,
  of: ({ way, wallSeconds }, rows) => {
    const rival = summaryById(rows, id);
    // A limit stores nothing, so it is no faster way of doing the same.
    if (!rival || way.kind === 'limit') return '';
    return `${(rival.wallSeconds.median / wallSeconds.median).toFixed(2)}x`;
  },
});

const DUMPS_COMPARED: readonly Column[] = [
  versus('gzip-pipe', 'vs gzip pipe'),
  versus('fly-gzip', 'vs fly, tar -cz'),
  versus('fly-pigz', 'vs fly, pigz'),
  versus('zstd-pipe', 'vs zstd pipe'),
];

const RESTORES_COMPARED: readonly Column[] = [
  { title: 'of it data', of: ({ phases }) => phases?.dataSeconds.toFixed(2) ?? '' },
  { title: 'indexes and constraints', of: ({ phases }) => phases?.indexSeconds.toFixed(2) ?? '' },
  versus('gzip-restore', 'vs gzip'),
  versus('zstd-restore', 'vs zstd'),
];

/** How long each dump took, and how much faster it is than the ways of others. */
export function dumpTimes(rows: readonly Row[], cores: number): Cells {
  const { head, rows: ways } = times(rows, DUMPS_COMPARED);
  return { head, rows: [...ways, ...limitRows(rows, cores)] };
}

export const restoreTimes = (rows: readonly Row[]): Cells => times(rows, RESTORES_COMPARED);

function times(rows: readonly Row[], columns: readonly Column[]): Cells {
  return {
    head: ['way', 'runs', 'seconds, median (min–max)', ...columns.map(({ title }) => title)],
    rows: rows.map((row) => timesRow(row, rows, columns)),
  };
}

function timesRow(row: Row, rows: readonly Row[], columns: readonly Column[]): string[] {
  if (row.status === 'left-out') return [row.way.title, '0', row.reason];
  const failure = `FAILED: ${row.problems[0] ?? ''}`.slice(0, PROBLEM_LENGTH_MAX);
  if (row.status === 'failed') return [row.way.title, '0', failure];
  const { summary, problems } = row;
  const { median, min, max } = summary.wallSeconds;
  return [
    summary.way.title,
    problems.length === 0 ? String(summary.goodRuns) : `${summary.goodRuns}, ${problems.length} FAILED`,
    `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`,
    ...columns.map((column) => column.of(summary, rows)),
  ];
}

const RESTORE_COSTS: readonly Column[] = [
  { title: 'client CPU s', of: (summary) => summary.clientCpuSeconds.toFixed(2) },
  { title: 'server CPU s', of: (summary) => summary.serverCpuSeconds.toFixed(2) },
  { title: 'sink CPU s', of: (summary) => summary.sinkCpuSeconds.toFixed(2) },
  { title: 'peak RSS MiB', of: (summary) => (summary.peakRssBytes / MEBIBYTE).toFixed(0) },
  { title: 'temp disk MB', of: (summary) => (summary.tempDiskBytes / MEGABYTE).toFixed(0) },
  { title: 'written to files MB', of: (summary) => (summary.writtenBytes / MEGABYTE).toFixed(0) },
];

const DUMP_COSTS: readonly Column[] = [
  ...RESTORE_COSTS,
  { title: 'uploaded MB', of: (summary) => (summary.uploadedBytes / MEGABYTE).toFixed(0) },
];

/** What each way used, and what it left in S3. */
export const dumpCosts = (rows: readonly Row[]): Cells => costs(rows, DUMP_COSTS);

export const restoreCosts = (rows: readonly Row[]): Cells => costs(rows, RESTORE_COSTS);

function costs(rows: readonly Row[], columns: readonly Column[]): Cells {
  const measured = rows.flatMap((row) => (row.status === 'measured' ? [row.summary] : []));
  return {
    head: ['way', ...columns.map(({ title }) => title)],
    rows: measured.map((summary) => [summary.way.title, ...columns.map((column) => column.of(summary, rows))]),
  };
}

function limitRows(rows: readonly Row[], cores: number): string[][] {
  const ours = summaryById(rows, 'holdfast');
  if (!ours) return [];
  const of = `CPU s of holdfast's worker and server over ${cores} cores`;
  return [
    [`the processors' limit: ${of}`, '', ours.processorLimitSeconds.toFixed(2)],
    ['the same with the sink, which runs on them too', '', ours.processorLimitWithSinkSeconds.toFixed(2)],
  ];
}

export function timeBySize(results: BenchResults): Cells {
  const { points, line } = sizeSeries(results);
  return {
    head: ['database MB', 'seconds, median', 'MB per second', 'the line says', 'peak RSS MiB', 'temp disk MB'],
    rows: points.map(({ sizeBytes, wallSeconds, peakRssBytes, tempDiskBytes }) => [
      (sizeBytes / MEGABYTE).toFixed(0),
      wallSeconds.toFixed(2),
      (sizeBytes / MEGABYTE / wallSeconds).toFixed(0),
      line ? (line.intercept + (line.slope * sizeBytes) / 1e9).toFixed(2) : '',
      (peakRssBytes / MEBIBYTE).toFixed(0),
      (tempDiskBytes / MEGABYTE).toFixed(0),
    ]),
  };
}

export function lineSentence(results: BenchResults): string {
  const { line } = sizeSeries(results);
  if (!line) return 'A line needs three sizes.';
  const percent = (line.largestDeviation * 100).toFixed(1);
  return `The line is ${line.intercept.toFixed(2)} s + ${line.slope.toFixed(2)} s per GB; the largest deviation from it is ${percent} %.`;
}

const VERDICTS = { true: 'met', false: 'NOT met', null: 'not shown' } as const;

export function targets(verdicts: readonly Verdict[]): Cells {
  return {
    head: ['target', 'measured', 'verdict'],
    rows: verdicts.map(({ target, met, shown }) => [target, shown, VERDICTS[`${met}`]]),
  };
}

export function circumstances(results: BenchResults): Cells {
  const { machine, versions, settings, databases, rounds } = results;
  const database = databases.find(({ wantedMb }) => wantedMb === results.comparedMb);
  const memory = `${(machine.memoryBytes / 1024 ** 3).toFixed(0)} GiB of memory`;
  return {
    head: ['what', 'value'],
    rows: [
      ['measured', results.at],
      ['machine', `${machine.cores} cores (${machine.processor}), ${memory}, ${machine.system}`],
      ...Object.entries(versions),
      [
        'server settings',
        Object.entries(settings)
          .map(([name, value]) => `${name}=${value}`)
          .join(', '),
      ],
      [
        'database',
        database
          ? `${(database.sizeBytes / MEGABYTE).toFixed(0)} MB, ${database.tables} tables, ${database.indexes} indexes`
          : '',
      ],
      ["the server's data and what restores read", results.dataIsInMemory ? 'in memory' : 'on disk'],
      ['rounds', String(rounds)],
    ],
  };
}
