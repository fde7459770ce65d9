/** The runs of each way at one size as one row. */
import type { RestorePhases } from '../measure/server-log.ts';
import type { BenchResults, RunRecord } from '../results.ts';
import type { WayId, WayLabel } from '../ways/way.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Medians of the good runs; the largest where a limit must hold in every run. */
export interface Summary {
  readonly way: WayLabel;
  readonly goodRuns: number;
  readonly wallSeconds: Spread;
  readonly clientCpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly sinkCpuSeconds: number;
  /** The largest. */
  readonly peakRssBytes: number;
  /** The largest. */
  readonly tempDiskBytes: number;
  /** The most that its processes wrote into any files, wherever these are. */
  readonly writtenBytes: number;
  readonly uploadedBytes: number;
  /** null for dumps. */
  readonly phases: RestorePhases | null;
  /** What the processors need for client and server: of each run, the median. */
  readonly processorLimitSeconds: number;
  /** The same with the sink's time. */
  readonly processorLimitWithSinkSeconds: number;
  /** Wall time over `processorLimitSeconds`: of each run, the median. */
  readonly toProcessorLimit: number;
}

export type Row =
  | { readonly status: 'measured'; readonly summary: Summary; readonly problems: readonly string[] }
  | { readonly status: 'failed'; readonly way: WayLabel; readonly problems: readonly string[] }
  | { readonly status: 'left-out'; readonly way: WayLabel; readonly reason: string };

/** One row for each of these ways that was due, whatever became of it. */
export function summarise(results: BenchResults, ways: readonly WayLabel[]): Row[] {
  return ways.flatMap((way): Row[] => {
    const leftOut = results.leftOut.find((one) => one.way === way.id);
    if (leftOut) return [{ status: 'left-out', way, reason: leftOut.reason }];
    const runs = runsOf(results, way.id, results.comparedMb);
    if (runs.length === 0) return [];
    const good = runs.filter(({ problem }) => problem === null);
    const problems = runs.flatMap(({ problem }) => problem ?? []);
    if (good.length === 0) return [{ status: 'failed', way, problems }];
    return [{ status: 'measured', summary: summaryOf(way, good, results.machine.cores), problems }];
  });
}

export function summaryById(rows: readonly Row[], id: WayId): Summary | undefined {
  return rows.flatMap((row) => (row.status === 'measured' && row.summary.way.id === id ? [row.summary] : []))[0];
}

export function runsOf({ runs }: BenchResults, id: WayId, sizeMb: number): RunRecord[] {
  return runs.filter((run) => run.way === id && run.sizeMb === sizeMb);
}

function summaryOf(way: WayLabel, runs: readonly RunRecord[], cores: number): Summary {
  const medianOf = (value: (run: RunRecord) => number): number => median(runs.map(value));
  const walls = runs.map(({ wallSeconds }) => wallSeconds);
  return {
    way,
    goodRuns: runs.length,
    wallSeconds: { median: median(walls), min: Math.min(...walls), max: Math.max(...walls) },
    clientCpuSeconds: medianOf((run) => run.clientCpuSeconds),
    serverCpuSeconds: medianOf((run) => run.serverCpuSeconds),
    sinkCpuSeconds: medianOf((run) => run.sinkCpuSeconds),
    peakRssBytes: Math.max(...runs.map((run) => run.peakRssBytes)),
    tempDiskBytes: Math.max(...runs.map((run) => run.tempDiskBytes)),
    writtenBytes: Math.max(...runs.map((run) => run.writtenBytes)),
    uploadedBytes: medianOf((run) => run.uploadedBytes),
    phases: phasesOf(runs),
    processorLimitSeconds: medianOf((run) => busySeconds(run) / cores),
    processorLimitWithSinkSeconds: medianOf((run) => (busySeconds(run) + run.sinkCpuSeconds) / cores),
    toProcessorLimit: medianOf((run) => run.wallSeconds / (busySeconds(run) / cores)),
  };
}

function phasesOf(runs: readonly RunRecord[]): RestorePhases | null {
  const all = runs.flatMap(({ phases }) => phases ?? []);
  if (all.length === 0) return null;
  return {
    dataSeconds: median(all.map(({ dataSeconds }) => dataSeconds)),
    indexSeconds: median(all.map(({ indexSeconds }) => indexSeconds)),
  };
}

const busySeconds = (run: RunRecord): number => run.clientCpuSeconds + run.serverCpuSeconds;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
