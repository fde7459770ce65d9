import { describe, expect, it } from '@jest/globals';
import { alarmAfterMs } from '../../../../core/config/alarm-after.ts';

const HOUR_MS = 3_600_000;
const DAYS = 24;

describe('alarmAfterMs', () => {
  it('is what the source says', () => {
    expect(alarmAfterMs({ alarmAfter: '50h', schedule: scheduleOf('30 2 * * ? *') })).toBe(50 * HOUR_MS);
  });

  it.each([
    ['every hour', '0 * * * ? *', 1 * DAYS + 2],
    ['every night', '30 2 * * ? *', 1 * DAYS + 2],
    ['every night, the other way round', '30 2 ? * * *', 1 * DAYS + 2],
    ['on weekdays', '0 3 ? * MON-FRI *', 7 * DAYS + 2],
    ['on Saturdays', '0 3 ? * L *', 7 * DAYS + 2],
    ['every second Tuesday of a month', '0 3 ? * 3#2 *', 35 * DAYS + 2],
    ['every last Friday of a month', '0 3 ? * FRIL *', 35 * DAYS + 2],
    ['on the first of the month', '0 6 1 * ? *', 33 * DAYS + 2],
    ['every quarter', '0 6 1 1/3 ? *', 366 * DAYS + 2],
  ])('of a schedule %s lets a run be late by two hours', (_title, cron, hours) => {
    expect(alarmAfterMs({ schedule: scheduleOf(cron) })).toBe(hours * HOUR_MS);
  });

  it('is nothing without a schedule', () => {
    expect(alarmAfterMs({})).toBeNull();
  });
});

function scheduleOf(cron: string): { cron: string; timezone: string; jitterMinutes: number } {
  return { cron, timezone: 'UTC', jitterMinutes: 0 };
}
