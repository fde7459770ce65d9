/**
 * Cron expressions in the dialect of EventBridge Scheduler: six fields, day of week 1 (Sunday) to 7, exactly one "?".
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */

interface Field {
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

const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

const FIELDS: readonly Field[] = [
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  // L: last day; LW: last weekday; 15W: the weekday nearest to the 15th.
  { name: 'day of month', min: 1, max: 31, special: /^(L|LW|([1-9]|[12][0-9]|3[01])W)$/ },
  { name: 'month', min: 1, max: 12, names: MONTH_NAMES },
  // L: Saturday; 6L: the last Friday of the month; 3#2: the second Tuesday.
  {
    name: 'day of week',
    min: 1,
    max: 7,
    names: DAY_NAMES,
    special: /^(L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/i,
  },
  { name: 'year', min: 1970, max: 2199 },
];

const SHAPE = 'minutes hours day-of-month month day-of-week year, such as "30 2 * * ? *"';

/** Why AWS would refuse a cron expression, or undefined. */
export function cronProblem(expression: string): string | undefined {
  if (/^\s*(cron|rate|at)\s*\(/i.test(expression)) {
    return `"${expression}" has a wrapper: write only the six fields, ${SHAPE}`;
  }
  const parts = expression.trim().split(/\s+/);
  if (parts.length === 5) {
    return `"${expression}" has 5 fields, as Unix cron has: AWS takes six, ${SHAPE}; its week starts with 1 = Sunday`;
  }
  if (parts.length !== FIELDS.length) return `"${expression}" has ${parts.length} fields: AWS takes six, ${SHAPE}`;
  const problems = FIELDS.flatMap((field, index) => fieldProblem(field, index, parts[index] ?? '') ?? []);
  return problems.length > 0 ? problems.join('; ') : questionMarkProblem(parts);
}

function questionMarkProblem(parts: readonly string[]): string | undefined {
  const unset = [parts[DAY_OF_MONTH], parts[DAY_OF_WEEK]].filter((part) => part === '?').length;
  if (unset === 1) return undefined;
  const state =
    unset === 0 ? 'neither day of month nor day of week is "?"' : 'both day of month and day of week are "?"';
  return `${state}: AWS wants it in exactly one of them, the one that does not matter`;
}

function fieldProblem(field: Field, index: number, text: string): string | undefined {
  if (text === '?') {
    return index === DAY_OF_MONTH || index === DAY_OF_WEEK ? undefined : `${field.name} may not be "?": write *`;
  }
  if (index === DAY_OF_WEEK && text.includes('#') && text.includes(',')) {
    return `${field.name} "${text}" has a list with "#": AWS takes one such day only`;
  }
  for (const item of text.split(',')) {
    const problem = itemProblem(field, item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function itemProblem(field: Field, item: string): string | undefined {
  if (field.special?.test(item) === true) return undefined;
  const match = /^(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:\/([0-9]+))?$/.exec(item);
  if (match === null) return `${field.name} "${item}" is not understood: ${describeValues(field)}`;
  const [, first, last, step] = match;
  for (const value of [first, last]) {
    if (value !== undefined && numberOf(field, value) === undefined) {
      return `${field.name} ${value} is out of range: ${describeValues(field)}`;
    }
  }
  if (first !== undefined && last !== undefined && (numberOf(field, first) ?? 0) > (numberOf(field, last) ?? 0)) {
    return `${field.name} ${first}-${last} runs backwards: write the smaller value first`;
  }
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) {
    return `${field.name} step /${step} is out of range: 1 to ${field.max}`;
  }
  return undefined;
}

function numberOf(field: Field, value: string): number | undefined {
  if (/^[0-9]{1,4}$/.test(value)) {
    const number = Number(value);
    return number >= field.min && number <= field.max ? number : undefined;
  }
  const index = field.names?.indexOf(value.toUpperCase()) ?? -1;
  return index < 0 ? undefined : field.min + index;
}

function describeValues(field: Field): string {
  const names = field.names === undefined ? '' : ` or ${field.names[0] ?? ''} to ${field.names.at(-1) ?? ''}`;
  return `${field.min} to ${field.max}${names}`;
}
