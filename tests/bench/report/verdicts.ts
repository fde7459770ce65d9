/** What this worker promises of its speed, and whether a bench has shown it. */
import type { BenchResults, RunRecord } from '../results.ts';
import type { WayId } from '../ways/way.ts';
import { sizeSeries, type SizeSeries } from './size-series.ts';
import { runsOf, summaryById, type Row, type Summary } from './summary.ts';

export interface Verdict {
  readonly target: string;
  /** null: this bench does not tell. */
  readonly met: boolean | null;
  readonly shown: string;
}

const FASTER_THAN: readonly { readonly id: WayId; readonly times: number; readonly name: string }[] = [
  { id: 'gzip-pipe', times: 6, name: 'pg_dump -Fc | aws s3 cp -' },
  { id: 'fly-gzip', times: 8, name: 'the way of fly-pg-dump-to-s3, with tar -cz' },
  { id: 'fly-pigz', times: 8, name: 'the way of fly-pg-dump-to-s3, with pigz' },
  { id: 'zstd-pipe', times: 1.25, name: 'the best stock pipe' },
];
const TO_PROCESSOR_LIMIT_MAX = 1.12;
const COUNTING_MAX = 1.1;
const MEBIBYTE = 1024 ** 2;
const PEAK_RSS_MAX_BYTES = 128 * MEBIBYTE;
/** Of the median at a size from the line through all sizes. */
const DEVIATION_MAX = 0.1;

const RESTORES_FASTER = 1.5;

/** Of this worker, at all sizes. */
export const failedRuns = (runs: readonly RunRecord[]): number =>
  runs.filter((run) => run.way.startsWith('holdfast') && run.problem !== null).length;

export function restoreVerdicts(results: BenchResults, rows: readonly Row[]): Verdict[] {
  const ours = summaryById(rows, 'holdfast-restore');
  const failed = failedRuns(results.runs.filter(({ phases }) => phases !== null));
  return [
    { target: 'every restore of this worker ends equal', met: failed === 0, shown: `${failed} failed` },
    ...(ours
      ? [ratioVerdict(ours, summaryById(rows, 'gzip-restore'), RESTORES_FASTER, 'aws s3 cp - | pg_restore')]
      : []),
  ];
}

export function dumpVerdicts(results: BenchResults, rows: readonly Row[]): Verdict[] {
  const ours = summaryById(rows, 'holdfast');
  const failed = failedRuns(results.runs.filter(({ phases }) => phases === null));
  const all: Verdict[] = [
    { target: 'every run of this worker ends verified', met: failed === 0, shown: `${failed} failed` },
  ];
  if (!ours) return all;
  return [
    ...all,
    ...FASTER_THAN.map(({ id, times, name }) => ratioVerdict(ours, summaryById(rows, id), times, name)),
    {
      target: `at most ${TO_PROCESSOR_LIMIT_MAX}x the processors' limit, counting included`,
      met: ours.toProcessorLimit <= TO_PROCESSOR_LIMIT_MAX,
      shown: `${ours.toProcessorLimit.toFixed(2)}x`,
    },
    countingVerdict(ours, summaryById(rows, 'holdfast-uncounted')),
    ...limitVerdicts(results),
    lineVerdict(sizeSeries(results)),
  ];
}

function ratioVerdict(ours: Summary, rival: Summary | undefined, times: number, name: string): Verdict {
  const target = `at least ${times}x as fast as ${name}`;
  if (!rival) return { target, met: null, shown: 'not measured' };
  const ratio = rival.wallSeconds.median / ours.wallSeconds.median;
  return { target, met: ratio >= times, shown: `${ratio.toFixed(2)}x` };
}

function countingVerdict(ours: Summary, uncounted: Summary | undefined): Verdict {
  const target = 'counting delays the dump by at most a tenth';
  if (!uncounted) return { target, met: null, shown: 'not measured' };
  const ratio = ours.wallSeconds.median / uncounted.wallSeconds.median;
  return { target, met: ratio <= COUNTING_MAX, shown: `${ratio.toFixed(2)}x` };
}

/** At every size, in every run. */
function limitVerdicts(results: BenchResults): Verdict[] {
  const runs = results.databases.flatMap(({ wantedMb }) => runsOf(results, 'holdfast', wantedMb));
  const disk = Math.max(...runs.map(({ tempDiskBytes }) => tempDiskBytes));
  const memory = Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes));
  return [
    { target: '0 bytes of temporary disk', met: disk === 0, shown: `${disk} bytes` },
    {
      target: `at most ${PEAK_RSS_MAX_BYTES / MEBIBYTE} MiB of memory in its largest process`,
      met: memory <= PEAK_RSS_MAX_BYTES,
      shown: `${(memory / MEBIBYTE).toFixed(0)} MiB`,
    },
  ];
}

function lineVerdict({ points, line }: SizeSeries): Verdict {
  const target = `time linear in size, within ${DEVIATION_MAX * 100} %`;
  if (!line) return { target, met: null, shown: `${points.length} sizes` };
  return {
    target,
    met: line.largestDeviation <= DEVIATION_MAX,
    shown: `${(line.largestDeviation * 100).toFixed(1)} % at most, over ${points.length} sizes`,
  };
}
