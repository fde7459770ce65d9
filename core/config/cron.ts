/** Whether EventBridge Scheduler takes a cron expression: six fields, exactly one "?". */
import {
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  HOURS,
  MINUTES,
  MONTH,
  numberOf,
  parseItem,
  YEAR,
  type CronField,
} from './cron-fields.ts';

const FIELDS = [MINUTES, HOURS, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, YEAR];

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
  const problems = FIELDS.flatMap((field, index) => fieldProblem(field, parts[index] ?? '') ?? []);
  return problems.length > 0 ? problems.join('; ') : questionMarkProblem(parts);
}

function questionMarkProblem(parts: readonly string[]): string | undefined {
  const days = [FIELDS.indexOf(DAY_OF_MONTH), FIELDS.indexOf(DAY_OF_WEEK)];
  const unset = days.filter((index) => parts[index] === '?').length;
  if (unset === 1) return undefined;
  const state =
    unset === 0 ? 'neither day of month nor day of week is "?"' : 'both day of month and day of week are "?"';
  return `${state}: AWS wants it in exactly one of them, the one that does not matter`;
}

function fieldProblem(field: CronField, text: string): string | undefined {
  if (text === '?') {
    return field === DAY_OF_MONTH || field === DAY_OF_WEEK ? undefined : `${field.name} may not be "?": write *`;
  }
  if (field === DAY_OF_WEEK && text.includes('#') && text.includes(',')) {
    return `${field.name} "${text}" has a list with "#": AWS takes one such day only`;
  }
  for (const item of text.split(',')) {
    const problem = itemProblem(field, item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function itemProblem(field: CronField, item: string): string | undefined {
  if (field.special?.test(item) === true) return undefined;
  const parsed = parseItem(item);
  if (!parsed) return `${field.name} "${item}" is not understood: ${describeValues(field)}`;
  const { first, last, step } = parsed;
  for (const value of [first, last]) {
    if (value !== undefined && numberOf(field, value) === undefined) {
      return `${field.name} ${value} is out of range: ${describeValues(field)}`;
    }
  }
  if (first !== undefined && last !== undefined && (numberOf(field, first) ?? 0) > (numberOf(field, last) ?? 0)) {
    return `${field.name} ${first}-${last} runs backwards: write the smaller value first`;
  }
  if (step !== undefined && (step < 1 || step > field.max)) {
    return `${field.name} step /${step} is out of range: 1 to ${field.max}`;
  }
  return undefined;
}

function describeValues(field: CronField): string {
  const names = field.names === undefined ? '' : ` or ${field.names[0] ?? ''} to ${field.names.at(-1) ?? ''}`;
  return `${field.min} to ${field.max}${names}`;
}
