/** A retention plan as a calendar: a line a month, a sign a day. */
import { localDay } from './calendar-buckets.ts';
import type { Decision } from './plan-retention.ts';

export interface CalendarPoint {
  readonly startedAt: string;
  readonly action: Decision['action'];
}

const LEGEND = '# stays   x goes   + some stay, some go   . no point';
const HEADER = '         1   5    10   15   20   25   30';

/**
 * The dumps of a plan, newest month first; days begin as in the time zone.
 * @returns '' when there is no point
 */
export function renderCalendar(points: readonly CalendarPoint[], timezone: string): string {
  const signs = signsByDay(points, timezone);
  const days = [...signs.keys()].sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return '';
  const months = monthsBetween(first.slice(0, 7), last.slice(0, 7)).reverse();
  const lines = months.map((month) => `${month}  ${signsOfMonth(month, signs)}`.trimEnd());
  return [HEADER, ...lines, `         ${LEGEND}`].join('\n');
}

function signsByDay(points: readonly CalendarPoint[], timezone: string): Map<string, string> {
  const signs = new Map<string, string>();
  for (const { startedAt, action } of points) {
    const sign = action === 'remove' || action === 'removeDump' ? 'x' : '#';
    const day = localDay(startedAt, timezone);
    const before = signs.get(day) ?? sign;
    signs.set(day, before === sign ? sign : '+');
  }
  return signs;
}

function signsOfMonth(month: string, signs: ReadonlyMap<string, string>): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from(
    { length: days },
    (_, index) => signs.get(`${month}-${String(index + 1).padStart(2, '0')}`) ?? '.',
  ).join('');
}

function monthsBetween(first: string, last: string): string[] {
  const months: string[] = [];
  const [year = 0, number = 0] = first.split('-').map(Number);
  for (let offset = 0; months.at(-1) !== last; offset++) {
    months.push(new Date(Date.UTC(year, number - 1 + offset, 1)).toISOString().slice(0, 7));
  }
  return months;
}
