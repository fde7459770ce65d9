/**
 * The fields of a cron expression in the dialect of EventBridge Scheduler: six, day of week 1 (Sunday) to 7.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */

export interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for numbers, the first for `min`. */
  readonly names?: readonly string[];
  /** Forms beyond `*`, numbers, ranges, lists and steps. */
  readonly special?: RegExp;
}

const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

export const MINUTES: CronField = { name: 'minutes', min: 0, max: 59 };
export const HOURS: CronField = { name: 'hours', min: 0, max: 23 };
/** L: last day; LW: last weekday; 15W: the weekday nearest to the 15th. */
export const DAY_OF_MONTH: CronField = {
  name: 'day of month',
  min: 1,
  max: 31,
  special: /^(L|LW|([1-9]|[12][0-9]|3[01])W)$/,
};
export const MONTH: CronField = { name: 'month', min: 1, max: 12, names: MONTH_NAMES };
/** L: Saturday; 6L: the last Friday of the month; 3#2: the second Tuesday. */
export const DAY_OF_WEEK: CronField = {
  name: 'day of week',
  min: 1,
  max: 7,
  names: DAY_NAMES,
  special: /^(L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/i,
};
export const YEAR: CronField = { name: 'year', min: 1970, max: 2199 };

/** `*`, `5`, `1-5`, each with `/2` behind it or without. */
interface CronItem {
  /** As they are written. */
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly step: number | undefined;
}

/** @returns undefined where an item has none of the forms that all fields know */
export function parseItem(item: string): CronItem | undefined {
  const match = /^(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:\/([0-9]+))?$/.exec(item);
  if (match === null) return undefined;
  const [, first, last, step] = match;
  return { first, last, step: step === undefined ? undefined : Number(step) };
}

/** The number that a number or a name stands for; undefined where it is none of the field's. */
export function numberOf(field: CronField, value: string): number | undefined {
  if (/^[0-9]{1,4}$/.test(value)) {
    const number = Number(value);
    return number >= field.min && number <= field.max ? number : undefined;
  }
  const index = field.names?.indexOf(value.toUpperCase()) ?? -1;
  return index < 0 ? undefined : field.min + index;
}

/** The numbers that a part stands for, ascending; its special forms stand for none. */
export function numbersOf(field: CronField, part: string): number[] {
  const numbers = new Set<number>();
  for (const item of part.split(',')) {
    const parsed = field.special?.test(item) === true ? undefined : parseItem(item);
    if (!parsed) continue;
    const { first, last, step } = parsed;
    const from = (first === undefined ? undefined : numberOf(field, first)) ?? field.min;
    // A step alone goes on to the end: 5/15 are the minutes 5, 20, 35 and 50.
    const isOne = first !== undefined && last === undefined && step === undefined;
    const to = isOne ? from : ((last === undefined ? undefined : numberOf(field, last)) ?? field.max);
    for (let number = from; number <= to; number += step ?? 1) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}
