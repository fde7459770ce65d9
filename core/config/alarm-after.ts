/** At which age of its newest verified recovery point a source is overdue. */
import { durationMs } from './duration.ts';
import type { Source } from './schema.ts';

const DAY_MS = 86_400_000;

/** Two hours more than the longest time between two runs: so long a run may take. */
const GRACE_MS = 2 * 3_600_000;

/**
 * `alarmAfter`, or else what the schedule lets expect: a day, a week, a month or a year, and two hours.
 * @returns null for a source that is not watched: it has neither a schedule nor `alarmAfter`
 */
export function alarmAfterMs({ alarmAfter, schedule }: Pick<Source, 'alarmAfter' | 'schedule'>): number | null {
  if (alarmAfter !== undefined) return durationMs(alarmAfter);
  return schedule ? longestGapMs(schedule.cron) + GRACE_MS : null;
}

/** Of a cron expression of AWS; rather too long than too short: "1W" may be the third of a month. */
export function longestGapMs(cron: string): number {
  const [, , dayOfMonth = '', month = '', dayOfWeek = ''] = cron.trim().split(/\s+/);
  if (month !== '*') return 366 * DAY_MS;
  if (dayOfMonth !== '*' && dayOfMonth !== '?') return 33 * DAY_MS;
  if (dayOfWeek === '*' || dayOfWeek === '?') return DAY_MS;
  // The second Tuesday and the last Friday come once a month.
  return /[#]|[^,]L/i.test(dayOfWeek) ? 35 * DAY_MS : 7 * DAY_MS;
}
