import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cronProblem } from '../../../../core/config/cron.ts';

describe('a cron expression of AWS', () => {
  // From the examples in AWS's documentation of schedules and rules.
  test.each([
    '30 2 * * ? *',
    '0 10 * * ? *',
    '15 12 * * ? *',
    '0 18 ? * MON-FRI *',
    '0 8 1 * ? *',
    '0/15 * * * ? *',
    '0/10 * ? * MON-FRI *',
    '0/5 8-17 ? * MON-FRI *',
    '0/30 20-22/2 ? * MON-FRI *',
    '15 10 ? * 6L 2022-2033',
    '0 9 ? * 2#1 *',
    '0 9 ? * mon#1 *',
    '0 9 L * ? *',
    '0 9 LW * ? *',
    '0 9 15W * ? *',
    '0 9 ? * L *',
    '0 9 ? JAN,mar,12 1,7 2030',
    '5,35 14 * * ? *',
    '  30  2 * * ? *  ',
  ])('%s is accepted', (expression) => {
    expect(cronProblem(expression)).toBeUndefined();
  });

  test.each([
    ['30 2 * * *', 'has 5 fields, as Unix cron has'],
    ['', 'has 1 fields'],
    ['0 30 2 * * ? *', 'has 7 fields'],
    ['cron(30 2 * * ? *)', 'has a wrapper'],
    ['rate(1 day)', 'has a wrapper'],
    ['60 2 * * ? *', 'minutes 60 is out of range: 0 to 59'],
    ['30 24 * * ? *', 'hours 24 is out of range: 0 to 23'],
    ['30 2 0 * ? *', 'day of month 0 is out of range: 1 to 31'],
    ['30 2 * 13 ? *', 'month 13 is out of range: 1 to 12 or JAN to DEC'],
    ['30 2 ? * 0 *', 'day of week 0 is out of range: 1 to 7 or SUN to SAT'],
    ['30 2 ? * MO *', 'day of week MO is out of range'],
    ['30 2 * * ? 1969', 'year 1969 is out of range: 1970 to 2199'],
    ['30 2 * * * *', 'neither day of month nor day of week is "?"'],
    ['30 2 1 * MON *', 'neither day of month nor day of week is "?"'],
    ['30 2 ? * ? *', 'both day of month and day of week are "?"'],
    ['? 2 * * ? *', 'minutes may not be "?"'],
    ['30 2 ? ? * *', 'month may not be "?"'],
    ['30 5-2 * * ? *', 'hours 5-2 runs backwards'],
    ['0/0 2 * * ? *', 'minutes step /0 is out of range'],
    ['0/61 2 * * ? *', 'minutes step /61 is out of range'],
    ['1, 2 * * ? *', 'minutes "" is not understood'],
    ['30 2 ? * 2#1,3#2 *', 'has a list with "#"'],
    ['30 2 ? * 2#6 *', 'day of week "2#6" is not understood'],
    ['30 2 32W * ? *', 'day of month 32W is out of range'],
    ['-5 2 * * ? *', 'minutes "-5" is not understood'],
  ])('%s is refused', (expression, problem) => {
    expect(cronProblem(expression)).toContain(problem);
  });

  test('names every bad field', () => {
    expect(cronProblem('60 24 * * ? *')).toBe('minutes 60 is out of range: 0 to 59; hours 24 is out of range: 0 to 23');
  });

  test('takes every minute of every day, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3, max: 70 }), fc.integer({ min: -3, max: 30 }), (minute, hour) => {
        const isTime = minute >= 0 && minute <= 59 && hour >= 0 && hour <= 23;
        expect(cronProblem(`${minute} ${hour} * * ? *`) === undefined).toBe(isTime);
      }),
    );
  });
});
