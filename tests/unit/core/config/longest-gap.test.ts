import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { longestGapMs } from '../../../../core/config/longest-gap.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('the longest time between two starts', () => {
  it.each([
    ['every night', '30 2 * * ? *', 1],
    ['every night, the other way round', '30 2 ? * * *', 1],
    ['every night, with all months named', '30 2 * 1-12 ? *', 1],
    ['every second day, of which February has fourteen', '0 2 */2 * ? *', 2],
    ['on the 1st and the 15th', '0 2 1,15 * ? *', 17],
    ['on the first of the month', '0 6 1 * ? *', 31],
    ['on the 31st, which February and April lack', '0 6 31 * ? *', 61],
    ['on the last day of the month', '0 6 L * ? *', 31],
    ['on the last weekday of the month', '0 6 LW * ? *', 33],
    ['on the weekday nearest to the 1st, which may be the 3rd', '0 6 1W * ? *', 33],
    ['on the weekday nearest to the 31st, of months that have one', '0 6 31W * ? *', 63],
    ['every quarter', '0 6 1 1/3 ? *', 92],
    ['every quarter, by names', '0 6 1 JAN,apr,JUL,OCT ? *', 92],
    ['in summer', '0 6 1 6-8 ? *', 305],
    ['every year', '0 6 1 1 ? *', 366],
    ['in leap years', '0 6 29 2 ? *', 1461],
    ['in every second year', '0 6 1 1 ? 2026/2', 731],
    ['in one year only', '0 6 * * ? 2026', 1],
    ['once', '0 6 1 1 ? 2026', 366],
    ['never', '0 6 31 2 ? *', 366],
    ['on weekdays', '0 3 ? * MON-FRI *', 3],
    ['on Saturdays', '0 3 ? * L *', 7],
    ['on Sundays, by number', '0 3 ? * 1 *', 7],
    ['every second Tuesday of a month', '0 3 ? * 3#2 *', 35],
    ['every last Friday of a month', '0 3 ? * FRIL *', 35],
    ['every fifth Monday of a month', '0 3 ? * mon#5 *', 119],
  ])('of what starts %s', (_title, cron, days) => {
    expect(longestGapMs(cron) / DAY_MS).toBe(days);
  });

  it.each([
    ['every minute', '* * * * ? *', 1 / 60],
    ['every hour', '5 * * * ? *', 1],
    ['every 25 minutes, each hour anew from five past on', '5/25 * * * ? *', 25 / 60],
    ['in office hours', '0/30 8-17 * * ? *', 14.5],
    ['in office hours of weekdays', '0/30 8-17 ? * MON-FRI *', 62.5],
    ['at two hours of the 1st and the 15th', '0 2,20 1,15 * ? *', 17 * 24 - 18],
    ['at noon and in the evening', '0 12,20 * * ? *', 16],
  ])('of what starts %s', (_title, cron, hours) => {
    expect(longestGapMs(cron) / HOUR_MS).toBeCloseTo(hours, 9);
  });

  it('is found for each set of weekdays', () => {
    const anyDays = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
    fc.assert(
      fc.property(anyDays, (days) => {
        expect(longestGapMs(`0 3 ? * ${days.join(',')} *`) / DAY_MS).toBe(longestOnACircle(days, 7));
      }),
      { numRuns: 30 },
    );
  });

  it('is found for each set of hours and minutes', () => {
    const anyHours = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1 });
    const anyMinutes = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1 });
    fc.assert(
      fc.property(anyHours, anyMinutes, (hours, minutes) => {
        const starts = hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
        const gap = longestGapMs(`${minutes.join(',')} ${hours.join(',')} * * ? *`);
        expect(gap / 60_000).toBe(longestOnACircle(starts, 1440));
      }),
    );
  });
});

/** Between two neighbours of numbers that come again and again. */
function longestOnACircle(numbers: readonly number[], length: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return Math.max(...sorted.map((each, index) => (sorted[index + 1] ?? (sorted[0] ?? 0) + length) - each));
}
