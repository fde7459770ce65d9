/** On which days a cron expression of AWS starts something, as a calendar shows them. */
import { DAY_OF_MONTH, DAY_OF_WEEK, MONTH, numberOf, numbersOf, YEAR } from './cron-fields.ts';

export interface CronDays {
  readonly dayOfMonth: string;
  readonly month: string;
  readonly dayOfWeek: string;
  readonly year: string;
}

interface Day {
  /** 1 to 31. */
  readonly date: number;
  /** 1: Sunday. */
  readonly weekday: number;
  /** The last date of its month. */
  readonly lastDate: number;
}

type Rule = (day: Day) => boolean;

const DAY_MS = 86_400_000;
const SUNDAY = 1;
const SATURDAY = 7;

/** The calendar repeats after so many years, until one ends a century without a leap day: 2100. */
const CALENDAR_YEARS = { first: 2000, last: 2028 };

/**
 * The longest time between two days of an expression that cronProblem has accepted.
 * @returns in days; undefined: it names at most one
 */
export function longestDaysBetween({ dayOfMonth, month, dayOfWeek, year }: CronDays): number | undefined {
  const rules = [...rulesOfMonth(dayOfMonth), ...rulesOfWeek(dayOfWeek)];
  const months = numbersOf(MONTH, month);
  let longest: number | undefined;
  let before: number | undefined;
  for (const each of yearsOf(year)) {
    for (const named of months) {
      for (const dayNumber of daysOfMonth(each, named, rules)) {
        if (before !== undefined) longest = Math.max(longest ?? 0, dayNumber - before);
        before = dayNumber;
      }
    }
  }
  return longest;
}

function yearsOf(part: string): number[] {
  const { first, last } = CALENDAR_YEARS;
  return numbersOf(YEAR, part === '*' ? `${first}-${last}` : part);
}

/** @returns days since 1970 */
function daysOfMonth(year: number, month: number, rules: readonly Rule[]): number[] {
  const days: number[] = [];
  const lastDate = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const firstDay = Date.UTC(year, month - 1, 1) / DAY_MS;
  for (let date = 1; date <= lastDate; date++) {
    const dayNumber = firstDay + date - 1;
    // The first day of 1970 was a Thursday.
    const day = { date, weekday: ((dayNumber + 4) % 7) + SUNDAY, lastDate };
    if (rules.some((rule) => rule(day))) days.push(dayNumber);
  }
  return days;
}

function rulesOfMonth(part: string): Rule[] {
  if (part === '?') return [];
  const dates = new Set(numbersOf(DAY_OF_MONTH, part));
  const special = part.split(',').flatMap((item): Rule[] => {
    if (item === 'L') return [({ date, lastDate }) => date === lastDate];
    if (item === 'LW') return [(day) => day.date === nearestWeekday(day, day.lastDate)];
    return item.endsWith('W') ? [(day) => day.date === nearestWeekday(day, Number.parseInt(item, 10))] : [];
  });
  return [({ date }) => dates.has(date), ...special];
}

/** It never leaves the month. @returns undefined where the month has no such date */
function nearestWeekday({ date, weekday, lastDate }: Day, target: number): number | undefined {
  if (target > lastDate) return undefined;
  const weekdayOfTarget = ((((weekday - SUNDAY + target - date) % 7) + 7) % 7) + SUNDAY;
  if (weekdayOfTarget === SATURDAY) return target === 1 ? target + 2 : target - 1;
  if (weekdayOfTarget === SUNDAY) return target === lastDate ? target - 2 : target + 1;
  return target;
}

function rulesOfWeek(part: string): Rule[] {
  if (part === '?') return [];
  const weekdays = new Set(numbersOf(DAY_OF_WEEK, part));
  const special = part
    .toUpperCase()
    .split(',')
    .flatMap((item): Rule[] => {
      if (item === 'L') return [({ weekday }) => weekday === SATURDAY];
      const [, day = '', which] = /^(.+)(L|#[1-5])$/.exec(item) ?? [];
      const wanted = numberOf(DAY_OF_WEEK, day);
      if (which === undefined) return [];
      if (which === 'L') return [({ date, weekday, lastDate }) => weekday === wanted && date > lastDate - 7];
      return [({ date, weekday }) => weekday === wanted && Math.ceil(date / 7) === Number(which.slice(1))];
    });
  return [({ weekday }) => weekdays.has(weekday), ...special];
}
