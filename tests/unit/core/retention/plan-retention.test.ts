import { describe, expect, it } from '@jest/globals';
import { planRetention, requireProtected, type Decision } from '../../../../core/retention/plan-retention.ts';
import type { Policy } from '../../../../core/retention/policy.ts';
import type { Point } from '../../../../core/retention/recovery-point.ts';
import { nights, point, policy } from './points.ts';

const NOW = new Date('2026-11-18T09:00:00Z');
const LAST = '2026-11-18T02:30:00Z';
const NEWEST = point(LAST);

function decisionsOf(points: readonly Point[], rules: Policy, now = NOW): Map<string, Decision> {
  const { decisions } = planRetention(points, rules, now);
  return new Map(decisions.map((decision) => [decision.point.startedAt.slice(0, 10), decision]));
}

const actionsOf = (points: readonly Point[], rules: Policy): string[] =>
  planRetention(points, rules, NOW).decisions.map(({ action }) => action);

describe('a point that counts', () => {
  it('stays with every reason that there is', () => {
    const rules = policy({ keepLast: 2, daily: 3, weekly: 2, monthly: 1, yearly: 1 });
    const found = decisionsOf(nights(10, LAST), rules);
    expect(found.get('2026-11-18')?.dump).toEqual({
      keep: true,
      reasons: [
        'newest verified',
        'at least 1 of 1',
        'last 1 of 2',
        'daily 1 of 3 (2026-11-18)',
        'weekly 1 of 2 (2026-W47)',
        'monthly 1 of 1 (2026-11)',
        'yearly 1 of 1 (2026)',
      ],
    });
    expect(found.get('2026-11-16')?.dump.reasons).toEqual(['daily 3 of 3 (2026-11-16)']);
    expect(found.get('2026-11-15')?.dump.reasons).toEqual(['weekly 2 of 2 (2026-W46)']);
    expect(found.get('2026-11-14')).toMatchObject({ action: 'remove', dump: { reasons: ['no rule keeps it'] } });
  });

  it('is told apart from an older one of the same name', () => {
    const newest = point(LAST, { run: 'before-release', snapshot: 'hf-new' });
    const old = point('2026-05-01T02:30:00Z', { run: 'before-release', snapshot: 'hf-old' });
    const failed = point('2026-05-02T02:30:00Z', { run: 'before-release', verdict: null });
    const { decisions } = planRetention([old, newest, failed], policy({ keepLast: 1 }, { snapshotsKept: 1 }), NOW);
    expect(decisions.map(({ action }) => action)).toEqual(['keep', 'remove', 'remove']);
  });

  it('of one day is the newest of it, where the source is', () => {
    // 23:30 and 00:30 UTC: one night in New York, two days in UTC.
    const points = [point('2026-11-18T00:30:00Z'), point('2026-11-17T23:30:00Z')];
    expect(actionsOf(points, policy({ daily: 5 }))).toEqual(['keep', 'keep']);
    expect(actionsOf(points, policy({ daily: 5 }, { timezone: 'America/New_York' }))).toEqual(['keep', 'remove']);
  });

  it.each([
    ['the night when clocks go back', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ['the night when clocks go forward', '2026-03-29T00:30:00Z', '2026-03-29T01:30:00Z'],
  ])('is one a day also in %s', (_title, first, second) => {
    const rules = policy({ daily: 5 }, { timezone: 'Europe/Paris' });
    const now = new Date(Date.parse(second) + 3_600_000);
    const { decisions } = planRetention([point(first), point(second)], rules, now);
    expect(decisions.map(({ action }) => action)).toEqual(['keep', 'remove']);
  });

  it('goes when it is older than maxAge, whatever the other rules say, except for atLeast', () => {
    const old = nights(5, '2024-11-01T02:30:00Z');
    const rules = policy({ yearly: 10, maxAge: '2y', atLeast: 2 });
    const found = decisionsOf([NEWEST, ...old], rules);
    expect(found.get('2024-11-01')?.dump.reasons).toEqual(['at least 2 of 2']);
    expect(found.get('2024-10-31')).toMatchObject({ action: 'remove', dump: { reasons: ['older than 2y'] } });
  });

  it('stays until maxAge where that is the only rule', () => {
    const found = decisionsOf([NEWEST, point('2026-11-10T02:30:00Z'), point('2026-11-01T02:30:00Z')], {
      ...policy({ maxAge: '2w' }),
    });
    expect(found.get('2026-11-10')?.dump.reasons).toEqual(['younger than 2w']);
    expect(found.get('2026-11-01')?.action).toBe('remove');
  });

  it('stays while somebody holds it or restores from it', () => {
    const points = [
      NEWEST,
      point('2026-11-02T02:30:00Z', { hold: 'audit 2026', snapshot: 's2' }),
      point('2026-11-01T02:30:00Z', { isBeingRestored: true, snapshot: 's1' }),
    ];
    const found = decisionsOf(points, policy({ keepLast: 1 }, { snapshotsKept: 1 }));
    expect(found.get('2026-11-02')).toMatchObject({
      action: 'keep',
      dump: { reasons: ['held: audit 2026'] },
      snapshot: { keep: true },
    });
    expect(found.get('2026-11-01')).toMatchObject({ action: 'keep', dump: { reasons: ['being restored'] } });
  });
});

describe('without a retention in holdfast.yml', () => {
  const NO_RULES = { ...policy(), rules: undefined };
  const YEARS_AGO = '2020-11-18T02:30:00Z';

  it('verified points stay', () => {
    expect(new Set(actionsOf(nights(50, LAST), NO_RULES))).toEqual(new Set(['keep']));
  });

  it.each(['partial', 'suspect'] as const)('a %s point stays, however many are verified since', (verdict) => {
    const [old] = planRetention(
      [point(YEARS_AGO, { verdict, snapshot: 'hf-1' }), NEWEST],
      NO_RULES,
      NOW,
    ).decisions.slice(1);
    expect(old).toMatchObject({
      action: 'keep',
      dump: { reasons: [`${verdict}, and no retention is configured`] },
      snapshot: { reasons: ['as long as its dump'] },
    });
  });

  it('what failed runs left goes, and what was half removed', () => {
    const failed = point(YEARS_AGO, { verdict: null });
    const begun = point('2021-11-18T02:30:00Z', { isDeleting: true });
    expect(actionsOf([failed, begun, NEWEST], NO_RULES)).toEqual(['keep', 'remove', 'remove']);
  });
});

describe('what does not count', () => {
  const OLD = '2026-11-16T02:30:00Z';

  it.each<[string, Partial<Point>]>([
    ['a partial point', { verdict: 'partial' }],
    ['a failed run', { verdict: null }],
    ['a point that is half removed', { isDeleting: true }],
  ])('%s: takes no place of a rule, and goes once a later point is verified', (_title, more) => {
    const rules = policy({ keepLast: 2 });
    expect(actionsOf([NEWEST, point(OLD, more), point('2026-11-15T02:30:00Z')], rules)).toEqual([
      'keep',
      'remove',
      'keep',
    ]);
  });

  it.each<[string, Partial<Point>]>([
    ['a partial point', { verdict: 'partial' }],
    ['a failed run', { verdict: null }],
    ['a suspect point', { verdict: 'suspect' }],
    ['a running run', { verdict: null, isRunning: true }],
  ])('%s: stays while no later point is verified', (_title, more) => {
    const points = [point('2026-11-18T03:30:00Z', more), NEWEST, point('2026-11-17T02:30:00Z')];
    expect(actionsOf(points, policy({ keepLast: 1 }))).toEqual(['keep', 'keep', 'remove']);
  });

  it('a suspect point has 30 days to be accepted', () => {
    const suspect = (startedAt: string): Point => point(startedAt, { verdict: 'suspect' });
    const found = decisionsOf([NEWEST, suspect('2026-10-20T02:30:00Z'), suspect('2026-10-18T02:30:00Z')], policy());
    expect(found.get('2026-10-20')?.action).toBe('keep');
    expect(found.get('2026-10-18')).toMatchObject({
      action: 'remove',
      dump: { reasons: ['suspect, and a later point is verified'] },
    });
  });

  it('a suspect point that a person has accepted counts', () => {
    const accepted = point(LAST, { verdict: 'suspect', isAccepted: true });
    expect(actionsOf([accepted, ...nights(2, '2026-11-17T02:30:00Z')], policy({ keepLast: 1 }))).toEqual([
      'keep',
      'remove',
      'remove',
    ]);
  });
});

describe('a source whose newest verified point is too old', () => {
  it('loses nothing', () => {
    const points = [...nights(20, '2026-11-16T02:30:00Z'), point('2026-11-01T03:00:00Z', { verdict: 'partial' })];
    const { decisions, frozen } = planRetention(points, policy({ keepLast: 1, maxAge: '3d' }), NOW);
    expect(new Set(decisions.map(({ action }) => action))).toEqual(new Set(['keep']));
    expect(frozen).toBe('nothing goes: the newest verified point is 2 d 6 h old, more than 1 d 2 h');
  });

  it('loses nothing where none was ever verified', () => {
    const points = nights(9, LAST).map((each) => ({ ...each, verdict: 'partial' as const }));
    expect(planRetention(points, policy({ keepLast: 1 }), NOW).frozen).toBe(
      'nothing goes: no verified recovery point exists',
    );
  });
});

describe('a plan that would break its promise', () => {
  const decision = (startedAt: string, action: Decision['action']): Decision => ({
    point: point(startedAt),
    action,
    dump: { keep: action === 'keep', reasons: ['a bug'] },
    snapshot: null,
  });
  const older = '2026-11-17T02:30:00Z';

  it.each<[string, Decision[], number]>([
    ['the newest verified point', [decision(LAST, 'remove')], 1],
    ['the objects of it', [decision(LAST, 'removeDump')], 1],
    ['one of atLeast', [decision(LAST, 'keep'), decision(older, 'remove')], 2],
  ])('by removing %s is refused', (_title, decisions, atLeast) => {
    expect(() => {
      requireProtected(decisions, policy({ atLeast }));
    }).toThrow(expect.objectContaining({ name: 'RetentionRefused' }));
  });

  it('is refused only then', () => {
    const decisions = [decision(LAST, 'removeSnapshot'), decision(older, 'remove')];
    expect(() => {
      requireProtected(decisions, policy({ atLeast: 1 }));
    }).not.toThrow();
  });
});

describe('RDS snapshots', () => {
  const withSnapshots = (count: number, verdict: Point['verdict'] = 'verified'): Point[] =>
    nights(count, LAST).map((each) => ({ ...each, verdict, snapshot: `hf-${each.startedAt}` }));

  it('go before their dumps where there are more than keepLast', () => {
    const points = withSnapshots(4);
    expect(actionsOf(points, policy({ keepLast: 4 }, { snapshotsKept: 2 }))).toEqual([
      'keep',
      'keep',
      'removeSnapshot',
      'removeSnapshot',
    ]);
  });

  it('may outlive their dumps', () => {
    expect(actionsOf(withSnapshots(4), policy({ keepLast: 1 }, { snapshotsKept: 3 }))).toEqual([
      'keep',
      'removeDump',
      'removeDump',
      'remove',
    ]);
  });

  it('stay as long as their dumps where keepLast is not set', () => {
    expect(actionsOf(withSnapshots(3), policy({ keepLast: 2 }))).toEqual(['keep', 'keep', 'remove']);
  });

  it('without a dump are counted with the others', () => {
    const alone = withSnapshots(4, 'snapshot-only').slice(1);
    expect(actionsOf([NEWEST, ...alone], policy({ keepLast: 1 }, { snapshotsKept: 2 }))).toEqual([
      'keep',
      'keep',
      'keep',
      'remove',
    ]);
  });

  it('of a suspect point push out none of a good one, and stay as long as their dump', () => {
    const [newest, ...older] = withSnapshots(2);
    const points = [{ ...newest, verdict: 'suspect' }, ...older] as Point[];
    const rules = policy({ keepLast: 9 }, { snapshotsKept: 1 });
    expect(actionsOf(points, rules)).toEqual(['keep', 'keep']);
    const accepted = points.map((each, index) => (index === 0 ? { ...each, isAccepted: true } : each));
    expect(actionsOf(accepted, rules)).toEqual(['keep', 'removeSnapshot']);
  });

  it('that are half removed go', () => {
    const [newest, second] = withSnapshots(2);
    const points = [newest, { ...second, isSnapshotDeleting: true }] as Point[];
    expect(actionsOf(points, policy({ keepLast: 9 }, { snapshotsKept: 9 }))).toEqual(['keep', 'removeSnapshot']);
  });

  it('go with maxAge', () => {
    const old = { ...point('2026-10-01T02:30:00Z'), verdict: 'snapshot-only' as const, snapshot: 'hf-old' };
    expect(actionsOf([NEWEST, old], policy({ maxAge: '2w' }, { snapshotsKept: 9 }))).toEqual(['keep', 'remove']);
  });
});
