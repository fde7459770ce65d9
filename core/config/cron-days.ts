/** On which days a cron expression of AWS starts something. */
import { Cron } from 'croner';

export interface CronDays {
  readonly dayOfMonth: string;
  readonly month: string;
  readonly dayOfWeek: string;
  readonly year: string;
}

const DAY_MS = 86_400_000;
/** The calendar repeats after so many years, until one ends a century without a leap day: 2100. */
const CALENDAR_YEARS = 28;
/** More than a year of days, and eight of weekends: what comes often comes with the same gaps again soon. */
const DAYS_LOOKED_AT = 400;
const FROM = new Date('2000-01-01T00:00:00Z');

/**
 * The longest time between two days of an expression that cronProblem has accepted.
 * @returns in days; undefined: it names at most one
 */
export function longestDaysBetween({ dayOfMonth, month, dayOfWeek, year }: CronDays): number | undefined {
  // A lone L is Saturday to AWS, and not known to the library, whose weeks else begin with 1 on Sunday as well.
  const weekday = dayOfWeek === 'L' ? 'SAT' : dayOfWeek;
  const cron = new Cron(`0 0 0 ${dayOfMonth} ${month} ${weekday} ${year}`, {
    mode: '7-part',
    utcOffset: 0,
    alternativeWeekdays: true,
    sloppyRanges: true,
  });
  const days = cron.nextRuns(DAYS_LOOKED_AT, FROM).map((day) => day.getTime() / DAY_MS);
  const [first = 0] = days;
  const near = days.filter((day) => day < first + CALENDAR_YEARS * 366);
  const gaps = near.slice(1).map((day, index) => day - (near[index] ?? 0));
  return gaps.length === 0 ? undefined : Math.max(...gaps);
}
