import { describe, expect, it } from '@jest/globals';
import { alarmAfterMs } from '../../../../core/config/alarm-after.ts';
import { parseConfig } from '../../../../core/config/parse.ts';

const HOUR_MS = 3_600_000;

/** @param keys of the source, as in holdfast.yml */
function alarmAfterHours(keys: string): number | null {
  const config = parseConfig(`sources: { orders: { connection: { secret: x }, ${keys} } }\n`, 'holdfast.yml');
  const source = config.sources['orders'];
  const ms = source ? alarmAfterMs(source) : null;
  return ms === null ? null : ms / HOUR_MS;
}

describe('a source is overdue', () => {
  it.each([
    ['after what it says', 'alarmAfter: 50h, schedule: { cron: "30 2 * * ? *" }', 50],
    ['a day after a start, and the six hours of a worker, and two', 'schedule: { cron: "30 2 * * ? *" }', 24 + 6 + 2],
    ['later where a worker may take longer', 'worker: { timeout: 20h }, schedule: { cron: "30 2 * * ? *" }', 24 + 22],
    ['earlier where it may not', 'worker: { timeout: 30m }, schedule: { cron: "30 2 * * ? *" }', 24 + 2.5],
    ['later where a start is put off', 'schedule: { cron: "30 2 * * ? *", jitterMinutes: 1440 }', 24 + 24 + 6 + 2],
    ['after a weekend', 'schedule: { cron: "0 3 ? * MON-FRI *" }', 3 * 24 + 6 + 2],
    ['after hours where it runs every hour', 'schedule: { cron: "0 * * * ? *" }', 1 + 6 + 2],
    ['never, without a schedule', 'databases: [orders]', null],
  ])('%s', (_title, keys, hours) => {
    expect(alarmAfterHours(keys)).toBe(hours);
  });

  it('not in the night in which clocks go back, where each run takes all the time that it has', () => {
    // Half past two of Paris, on both sides of the end of October.
    const start = Date.parse('2026-10-24T00:30:00Z');
    const nextStart = Date.parse('2026-10-25T01:30:00Z');
    const jitterMs = 15 * 60_000;
    const verifiedAt = nextStart + jitterMs + 6 * HOUR_MS;
    const schedule = 'schedule: { cron: "30 2 * * ? *", timezone: Europe/Paris, jitterMinutes: 15 }';
    const limitMs = (alarmAfterHours(schedule) ?? 0) * HOUR_MS;
    expect(limitMs).toBeGreaterThan(verifiedAt - start);
    expect(limitMs - (verifiedAt - start)).toBeLessThanOrEqual(HOUR_MS);
  });
});
