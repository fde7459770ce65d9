/** Ends a dump that stands still, and says who does. */
import { HoldfastError } from '../core/errors.ts';
import { formatDuration } from '../core/format.ts';
import type { PartPool } from './part-pool.ts';
import type { ProgressMeter } from './progress.ts';

/** Where neither the plan nor holdfast.yml says another. */
export const STALL_AFTER_MS = 15 * 60_000;
const LOOKS_PER_STALL = 10;
const LOOK_MS_MAX = 10_000;

export interface WatchedDump {
  readonly stallAfterMs: number;
  readonly pool: PartPool;
  readonly progress: ProgressMeter;
  /** What each of our sessions waits for, as a clause; never rejects. */
  readonly describeWaits: () => Promise<string>;
}

/**
 * Watches while archives are written; `stop` when they are.
 * @param fail told once: DumpStalled with who stands still, and what each of our sessions waits for
 */
export function watchStall(dump: WatchedDump, fail: (error: HoldfastError) => void): { stop(): void } {
  const over = new AbortController();
  const lookMs = Math.min(LOOK_MS_MAX, dump.stallAfterMs / LOOKS_PER_STALL);
  const timer = setInterval(() => {
    if (dump.progress.idleMs() < dump.stallAfterMs) return;
    clearInterval(timer);
    void describeStall(dump).then((error) => {
      if (!over.signal.aborted) fail(error);
    });
  }, lookMs);
  return {
    stop: () => {
      over.abort();
      clearInterval(timer);
    },
  };
}

async function describeStall({ stallAfterMs, pool, describeWaits }: WatchedDump): Promise<HoldfastError> {
  // Whoever reads next may also have no buffer because others fill theirs slowly.
  const who = pool.starved && pool.partsOnTheWay > 0 ? 'S3 took no part of the archive' : 'pg_dump gave no byte';
  return new HoldfastError('DumpStalled', `${who} for ${formatDuration(stallAfterMs)}; ${await describeWaits()}`);
}
