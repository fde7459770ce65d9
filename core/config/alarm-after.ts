/** At which age of its newest verified recovery point a source is overdue. */
import { durationMs } from './duration.ts';
import { longestGapMs } from './longest-gap.ts';
import type { Source } from './schema.ts';

const MINUTE_MS = 60_000;

/** In one night of the year clocks are set back by an hour; the other is for what a run does beside its dump. */
const GRACE_MS = 2 * 3_600_000;

/**
 * `alarmAfter`, or else what the schedule lets expect. An age is counted from the start of a run: when the next one has to
 * be verified, the longest time between two starts is over, and the time that the next one may take.
 * @returns null for a source that is not watched: it has neither a schedule nor `alarmAfter`
 */
export function alarmAfterMs({
  alarmAfter,
  schedule,
  worker,
}: Pick<Source, 'alarmAfter' | 'schedule' | 'worker'>): number | null {
  if (alarmAfter !== undefined) return durationMs(alarmAfter);
  if (!schedule) return null;
  return longestGapMs(schedule.cron) + schedule.jitterMinutes * MINUTE_MS + durationMs(worker.timeout) + GRACE_MS;
}
