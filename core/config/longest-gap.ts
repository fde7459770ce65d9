/** How long nothing is started at most where a schedule is followed. */
import { longestDaysBetween } from './cron-days.ts';
import { HOURS, MINUTES, numbersOf } from './cron-fields.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** Of what starts once or never, something is expected within a year. */
const YEAR_DAYS = 366;

/** The days of a calendar take tens of milliseconds, and hundreds of sources share few of them. */
const daysByParts = new Map<string, number>();

/**
 * The longest time between two starts of a cron expression that was accepted, by clocks that are never set. A start in
 * the hour that clocks skip in spring, which AWS leaves out, counts as one: that nothing ran in that night is to be told.
 * @returns in milliseconds
 */
export function longestGapMs(cron: string): number {
  const [minutes = '', hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = cron.trim().split(/\s+/);
  const parts = { dayOfMonth, month, dayOfWeek, year };
  const id = JSON.stringify(parts);
  const days = daysByParts.get(id) ?? longestDaysBetween(parts) ?? YEAR_DAYS;
  daysByParts.set(id, days);
  const starts = numbersOf(HOURS, hours).flatMap((hour) => numbersOf(MINUTES, minutes).map((each) => hour * 60 + each));
  const overnight = days * DAY_MINUTES + (starts[0] ?? 0) - (starts.at(-1) ?? 0);
  const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
  return Math.max(overnight, ...gaps) * MINUTE_MS;
}
