import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VERDICTS } from '../../../../core/manifest.ts';
import { keepReasons } from '../../../../core/retention/keep-rules.ts';
import { planRetention } from '../../../../core/retention/plan-retention.ts';
import type { Policy } from '../../../../core/retention/policy.ts';
import { counts, newestFirst, type Point } from '../../../../core/retention/recovery-point.ts';
import { DAY_MS, point } from './points.ts';

const NOW = new Date('2026-11-18T09:00:00Z');
const RUNS = { numRuns: 500 };

const timezones = fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia');
const ages = fc.integer({ min: 1, max: 900 * 24 * 60 });
const points = fc
  .uniqueArray(
    fc.record({
      ageMinutes: ages,
      verdict: fc.option(fc.constantFrom(...VERDICTS)),
      isAccepted: fc.boolean(),
      isDeleting: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      isHeld: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      isBeingRestored: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      hasSnapshot: fc.boolean(),
    }),
    { maxLength: 60, selector: ({ ageMinutes }) => ageMinutes },
  )
  .map((all) =>
    all.map(({ ageMinutes, isHeld, hasSnapshot, ...more }): Point => {
      const made = point(before(ageMinutes));
      return { ...made, ...more, hold: isHeld ? 'audit' : null, snapshot: hasSnapshot ? `hf-${ageMinutes}` : null };
    }),
  );
const verifiedPoints = fc.uniqueArray(ages, { maxLength: 60 }).map((all) => all.map((age) => point(before(age))));

const limit = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined });
const rules = fc
  .record({
    keepLast: limit(10),
    daily: limit(20),
    weekly: limit(10),
    monthly: limit(12),
    yearly: limit(3),
    atLeast: fc.integer({ min: 1, max: 5 }),
    maxAge: fc.option(fc.constantFrom('3d', '6w', '1y', '2y'), { nil: undefined }),
  })
  .filter(({ atLeast, ...others }) => Object.values(others).some((value) => value !== undefined));
const policies = fc.record({
  rules,
  snapshotsKept: limit(5),
  timezone: timezones,
  staleAfterMs: fc.integer({ min: 1, max: 900 }).map((days) => days * DAY_MS),
});
/** Rules by count alone, and a source that is never stale. */
const countPolicies = fc
  .record({ policy: policies, keepLast: fc.integer({ min: 1, max: 10 }) })
  .map(({ policy, keepLast }): Policy => ({
    ...policy,
    staleAfterMs: 1000 * DAY_MS,
    rules: { keepLast, ...without(policy.rules) },
  }));

/** Never stale. */
const BY_COUNT = { snapshotsKept: undefined, staleAfterMs: 1000 * DAY_MS };

function without({ maxAge, ...others }: NonNullable<Policy['rules']>): NonNullable<Policy['rules']> {
  return others;
}

function before(ageMinutes: number): string {
  return new Date(NOW.getTime() - ageMinutes * 60_000).toISOString();
}

function keptDumps(all: readonly Point[], policy: Policy): Set<string> {
  const { decisions } = planRetention(all, policy, NOW);
  return new Set(
    decisions.filter(({ action }) => action === 'keep' || action === 'removeSnapshot').map(({ point: { run } }) => run),
  );
}

describe('any plan', () => {
  it('decides each point once, with a reason', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        const { decisions } = planRetention(all, policy, NOW);
        expect(decisions.map(({ point: { run } }) => run).sort()).toEqual(all.map(({ run }) => run).sort());
        for (const { dump, snapshot, point: of } of decisions) {
          expect(dump.reasons.length).toBeGreaterThan(0);
          expect(snapshot === null).toBe(of.snapshot === null);
          expect(snapshot?.reasons).not.toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it('does not depend on the order in which the points come', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        expect(planRetention([...all].reverse(), policy, NOW)).toEqual(planRetention(all, policy, NOW));
      }),
      RUNS,
    );
  });

  it('keeps the newest verified point and atLeast of them', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        const kept = keptDumps(all, policy);
        const counted = all.filter(counts).sort(newestFirst);
        for (const { run } of counted.slice(0, policy.rules.atLeast)) expect(kept).toContain(run);
      }),
      RUNS,
    );
  });

  it('touches nothing that is held, restored or running', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        const { decisions } = planRetention(all, policy, NOW);
        const guarded = decisions.filter(({ point: { hold, isBeingRestored } }) => hold !== null || isBeingRestored);
        for (const { action } of guarded) expect(action).toBe('keep');
      }),
      RUNS,
    );
  });

  it('removes nothing of a source whose newest verified point is too old', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        const [newest] = all.filter(counts).sort(newestFirst);
        const isFresh = newest && NOW.getTime() - Date.parse(newest.startedAt) <= policy.staleAfterMs;
        const { decisions } = planRetention(all, policy, NOW);
        if (!isFresh) expect(decisions.filter(({ action }) => action !== 'keep')).toEqual([]);
      }),
      RUNS,
    );
  });

  it('removes nothing before a later point is verified', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        const [newest] = all.filter(counts).sort(newestFirst);
        const { decisions } = planRetention(all, policy, NOW);
        for (const { action, point: of } of decisions) {
          if (action === 'remove' || action === 'removeDump') {
            if (of.verdict !== 'snapshot-only' && !of.isDeleting)
              expect((newest?.startedAt ?? '') > of.startedAt).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });
});

describe('a rule by days, months or years', () => {
  it('keeps the newest point of each of the newest of them, as the clocks of its time zone show them', () => {
    const lengths = fc.constantFrom({ daily: 10 }, { monthly: 7 }, { yearly: 4 });
    fc.assert(
      fc.property(
        verifiedPoints,
        lengths,
        timezones,
        fc.integer({ min: 1, max: 15 }),
        (all, chosen, timezone, count) => {
          const [[rule, length]] = Object.entries(chosen) as [[string, number]];
          const policy: Policy = { ...BY_COUNT, timezone, rules: { atLeast: 1, [rule]: count } };
          const newest = new Map<string, string>();
          for (const { run, startedAt } of [...all].sort(newestFirst)) {
            // The Canadian form of a date is ISO's too.
            const period = new Date(startedAt).toLocaleDateString('en-CA', { timeZone: timezone }).slice(0, length);
            if (!newest.has(period)) newest.set(period, run);
          }
          expect([...keptDumps(all, policy)].sort()).toEqual([...newest.values()].slice(0, count).sort());
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a plan without rules', () => {
  it('takes the dump of nothing that has a manifest', () => {
    fc.assert(
      fc.property(points, policies, (all, policy) => {
        const { decisions } = planRetention(all, { ...policy, rules: undefined }, NOW);
        const kept = decisions.filter(({ point: { verdict, isDeleting } }) => verdict !== null && !isDeleting);
        for (const { action, point: of } of kept) {
          if (of.verdict !== 'snapshot-only') expect(['keep', 'removeSnapshot']).toContain(action);
        }
      }),
      RUNS,
    );
  });
});

describe('one point more', () => {
  it('that is older than all others un-keeps nothing', () => {
    fc.assert(
      fc.property(verifiedPoints, countPolicies, (all, policy) => {
        const keptBefore = keptDumps(all, policy);
        const keptAfter = keptDumps([...all, point('2020-01-01T00:00:00Z')], policy);
        for (const run of keptBefore) expect(keptAfter).toContain(run);
      }),
      RUNS,
    );
  });

  it('that does not count un-keeps nothing', () => {
    fc.assert(
      fc.property(
        verifiedPoints,
        countPolicies,
        ages,
        fc.constantFrom('partial', 'suspect', null),
        (all, policy, age, verdict) => {
          const keptBefore = keptDumps(all, policy);
          const keptAfter = keptDumps([...all, { ...point(before(age)), run: 'more', verdict }], policy);
          for (const run of keptBefore) expect(keptAfter).toContain(run);
        },
      ),
      RUNS,
    );
  });

  it('takes at most one place of each rule, and leaves no rule with fewer', () => {
    fc.assert(
      fc.property(verifiedPoints, countPolicies, ages, (all, policy, age) => {
        const byRule = (some: readonly Point[]): Map<string, Set<string>> =>
          pointsByRule(keepReasons([...some].sort(newestFirst), policy, NOW));
        const [rulesBefore, rulesAfter] = [byRule(all), byRule([...all, { ...point(before(age)), run: 'more' }])];
        for (const [rule, keptBefore] of rulesBefore) {
          const keptAfter = rulesAfter.get(rule) ?? new Set();
          expect(keptAfter.size).toBeGreaterThanOrEqual(keptBefore.size);
          expect([...keptBefore].filter((run) => !keptAfter.has(run)).length).toBeLessThanOrEqual(1);
        }
      }),
      RUNS,
    );
  });
});

/** Names of the runs by the first word of the reason, which is the rule's. */
function pointsByRule(reasons: ReadonlyMap<Point, readonly string[]>): Map<string, Set<string>> {
  const byRule = new Map<string, Set<string>>();
  for (const [{ run }, texts] of reasons) {
    for (const rule of texts.map((text) => text.split(' ', 1)[0] ?? '')) {
      byRule.set(rule, (byRule.get(rule) ?? new Set()).add(run));
    }
  }
  return byRule;
}
