/** Time against size: this worker, every row counted, at each size. */
import type { BenchResults } from '../results.ts';
import { fitLine, type Line, type Point } from './line-fit.ts';
import { median, runsOf } from './summary.ts';

export interface SizePoint {
  readonly sizeBytes: number;
  readonly wallSeconds: number;
  readonly peakRssBytes: number;
  readonly tempDiskBytes: number;
}

export interface SizeSeries {
  readonly points: readonly SizePoint[];
  /** Seconds by gigabytes. */
  readonly line: Line | undefined;
}

const GIGABYTE = 1e9;

export function sizeSeries(results: BenchResults): SizeSeries {
  const points = results.databases.flatMap(({ wantedMb, sizeBytes }): SizePoint[] => {
    const runs = runsOf(results, 'holdfast', wantedMb).filter(({ problem }) => problem === null);
    if (runs.length === 0) return [];
    return [
      {
        sizeBytes,
        wallSeconds: median(runs.map((run) => run.wallSeconds)),
        peakRssBytes: Math.max(...runs.map((run) => run.peakRssBytes)),
        tempDiskBytes: Math.max(...runs.map((run) => run.tempDiskBytes)),
      },
    ];
  });
  return { points, line: fitLine(points.map(toPoint)) };
}

/** Gigabytes and seconds. */
export const toPoint = ({ sizeBytes, wallSeconds }: SizePoint): Point => ({ x: sizeBytes / GIGABYTE, y: wallSeconds });
