import { describe, expect, it } from '@jest/globals';
import { bucketsOf } from '../../../../core/retention/calendar-buckets.ts';
import { planRetention } from '../../../../core/retention/plan-retention.ts';
import type { Policy } from '../../../../core/retention/policy.ts';
import { renderCalendar } from '../../../../core/retention/render-calendar.ts';
import { nights, policy } from './points.ts';

describe('a common policy, after nights without an end', () => {
  const LAST = '2026-11-18T02:30:00Z';
  const NOW = new Date('2026-11-18T09:00:00Z');

  it.each<[string, number, Policy]>([
    ['keep the last 7', 60, policy({ keepLast: 7 })],
    ['Glacier after 30 days, delete after 2 years', 800, policy({ maxAge: '2y' })],
    ['daily 14, weekly 8, monthly 12, yearly 2', 800, policy({ daily: 14, weekly: 8, monthly: 12, yearly: 2 })],
  ])('%s', (_title, count, rules) => {
    const { decisions } = planRetention(nights(count, LAST), rules, NOW);
    const kept = decisions.filter(({ action }) => action === 'keep');
    const text = [
      renderCalendar(
        decisions.map(({ point, action }) => ({ startedAt: point.startedAt, action })),
        rules.timezone,
      ),
      '',
      `${kept.length} of ${decisions.length} stay`,
      ...kept.slice(0, 40).map(({ point, dump }) => `${point.startedAt.slice(0, 10)}  ${dump.reasons.join(', ')}`),
    ].join('\n');
    expect(text).toMatchSnapshot();
  });
});

describe('the buckets of a moment', () => {
  it.each([
    ['2026-11-18T02:30:00Z', 'UTC', ['2026-11-18', '2026-W47', '2026-11', '2026']],
    ['2027-01-01T02:30:00Z', 'UTC', ['2027-01-01', '2026-W53', '2027-01', '2027']],
    ['2024-12-30T12:00:00Z', 'UTC', ['2024-12-30', '2025-W01', '2024-12', '2024']],
    ['2026-12-31T23:30:00Z', 'Europe/Paris', ['2027-01-01', '2026-W53', '2027-01', '2027']],
    ['2027-01-01T02:30:00Z', 'America/New_York', ['2026-12-31', '2026-W53', '2026-12', '2026']],
    ['2026-10-25T00:30:00Z', 'Europe/Paris', ['2026-10-25', '2026-W43', '2026-10', '2026']],
  ])('%s in %s', (at, timezone, [daily, weekly, monthly, yearly]) => {
    expect(bucketsOf(at, timezone)).toEqual({ daily, weekly, monthly, yearly });
  });
});

describe('a calendar', () => {
  it('without points is empty', () => {
    expect(renderCalendar([], 'UTC')).toBe('');
  });
});
