/** Recovery points as tests of retention make them. */
import type { Policy } from '../../../../core/retention/policy.ts';
import type { Point } from '../../../../core/retention/recovery-point.ts';

export const DAY_MS = 86_400_000;

/** A verified point, named after its start. */
export function point(startedAt: string, more: Partial<Point> = {}): Point {
  const at = new Date(startedAt).toISOString();
  return {
    run: `run-${at}`,
    startedAt: at,
    isRunning: false,
    verdict: 'verified',
    isAccepted: false,
    hold: null,
    isBeingRestored: false,
    isDeleting: false,
    snapshot: null,
    isSnapshotDeleting: false,
    ...more,
  };
}

/** `count` nights, the last at `last`, newest first. */
export function nights(count: number, last: string): Point[] {
  return Array.from({ length: count }, (_, index) => point(new Date(Date.parse(last) - index * DAY_MS).toISOString()));
}

export function policy(rules: Partial<NonNullable<Policy['rules']>> = {}, more: Partial<Policy> = {}): Policy {
  return {
    rules: { atLeast: 1, ...rules },
    snapshotsKept: undefined,
    timezone: 'UTC',
    staleAfterMs: 26 * 3_600_000,
    ...more,
  };
}
