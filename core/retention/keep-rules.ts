/** The rules of `retention`, applied to the points that count. */
import { durationMs } from '../config/duration.ts';
import { bucketsOf, PERIODS, type Period } from './calendar-buckets.ts';
import type { Policy } from './policy.ts';
import type { Point } from './recovery-point.ts';

/**
 * Why points stay.
 * @param counted points that count, newest first
 * @returns the reasons of each; a point without any may go
 */
export function keepReasons(counted: readonly Point[], policy: Policy, now: Date): Map<Point, string[]> {
  const reasons = new Map<Point, string[]>(counted.map((point) => [point, []]));
  const keep = (point: Point, reason: string): void => void reasons.get(point)?.push(reason);
  const [newest] = counted;
  if (newest) keep(newest, 'newest verified');
  const { rules, timezone } = policy;
  if (!rules) {
    for (const point of counted) keep(point, 'no retention is configured');
    return reasons;
  }
  counted.slice(0, rules.atLeast).forEach((point, index) => {
    keep(point, `at least ${index + 1} of ${rules.atLeast}`);
  });
  const young = counted.filter((point) => !isTooOld(point, policy, now));
  const { keepLast, maxAge } = rules;
  if (keepLast !== undefined) {
    young.slice(0, keepLast).forEach((point, index) => {
      keep(point, `last ${index + 1} of ${keepLast}`);
    });
  }
  for (const period of PERIODS) keepNewestOfEach(period, rules[period], young, timezone, keep);
  const isAgeTheOnlyRule = keepLast === undefined && PERIODS.every((period) => rules[period] === undefined);
  if (isAgeTheOnlyRule) for (const point of young) keep(point, `younger than ${maxAge ?? ''}`);
  return reasons;
}

export function isTooOld({ startedAt }: Point, { rules }: Policy, now: Date): boolean {
  return rules?.maxAge !== undefined && now.getTime() - Date.parse(startedAt) > durationMs(rules.maxAge);
}

/** Days without a point do not count: `daily: 14` are the last 14 days that have one. */
function keepNewestOfEach(
  period: Period,
  limit: number | undefined,
  points: readonly Point[],
  timezone: string,
  keep: (point: Point, reason: string) => void,
): void {
  if (limit === undefined) return;
  const seen = new Set<string>();
  for (const point of points) {
    const bucket = bucketsOf(point.startedAt, timezone)[period];
    if (seen.has(bucket)) continue;
    if (seen.size === limit) return;
    seen.add(bucket);
    keep(point, `${period} ${seen.size} of ${limit} (${bucket})`);
  }
}
