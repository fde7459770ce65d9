import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import {
  assessFreshness,
  metricsOfSource,
  metricsOfStage,
  whomToTellOf,
  type Freshness,
  type KnownOfSource,
} from '../../../core/freshness.ts';
import { composeOverdue } from '../../../core/freshness-message.ts';
import { composeUnconfigured } from '../../../core/unconfigured-message.ts';

const CONFIG = parseConfig(
  `sources:
  nightly: { connection: { secret: x }, schedule: { cron: "30 2 * * ? *" } }
  strict: { connection: { secret: x }, alarmAfter: 2h }
  unwatched: { connection: { secret: x } }
  tested: { connection: { secret: x }, restoreTest: { cron: "0 6 ? * SUN *" } }
`,
  'holdfast.yml',
);
const NOW = new Date('2026-11-18T09:07:00.000Z');
const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(NOW.getTime() - hours * HOUR_MS).toISOString();

function assess(source: string, more: Partial<KnownOfSource> = {}): Freshness {
  const known: KnownOfSource = {
    source,
    latest: undefined,
    testPassedAt: undefined,
    watchedSince: ago(5000),
    testsSince: undefined,
    toldAt: undefined,
    ...more,
  };
  return assessFreshness(known, CONFIG, NOW);
}

const verified = (hours: number): Partial<KnownOfSource> => ({ latest: { run: 'run-1', startedAt: ago(hours) } });

describe('a source', () => {
  it.each([
    ['nightly', 31.9, false],
    ['nightly', 32.1, true],
    ['strict', 1.9, false],
    ['strict', 2.1, true],
    ['unwatched', 9999, false],
  ])('%s with a point of %d hours ago: overdue is %s', (source, hours, isOverdue) => {
    expect(assess(source, verified(hours)).isOverdue).toBe(isOverdue);
  });

  it('that never had a verified point is as old as the watch', () => {
    expect(assess('nightly', { watchedSince: ago(20) }).isOverdue).toBe(false);
    expect(assess('nightly', { watchedSince: ago(33) }).isOverdue).toBe(true);
  });

  it.each([
    [undefined, 100, false],
    [undefined, 200, true],
    [190, 5000, false],
    [194, 5000, true],
    // It was tested once by hand, long before its configuration had a test.
    [5000, 100, false],
  ])(
    'whose weekly test passed %s hours ago, configured for %d hours: overdue is %s',
    (passed, since, isTestOverdue) => {
      const found = assess('tested', {
        testsSince: ago(since),
        testPassedAt: passed === undefined ? undefined : ago(passed),
      });
      expect(found.isTestOverdue).toBe(isTestOverdue);
    },
  );
});

describe('people', () => {
  const overdue = (toldAt: string | undefined): Freshness => assess('nightly', { ...verified(50), toldAt });

  it('are told once a day as long as it lasts', () => {
    const all = [overdue(undefined), overdue(ago(23)), overdue(ago(24)), assess('nightly', verified(1))];
    expect(whomToTellOf(all, NOW)).toEqual([all[0], all[2]]);
  });

  it('are told which, since when and what to do', () => {
    const never = assess('strict', { watchedSince: ago(30) });
    const { subject, text, json } = composeOverdue([overdue(undefined), never]);
    expect(`${subject}\n\n${text}`).toMatchSnapshot();
    expect(json).toMatchSnapshot();
  });

  it('get a subject that SNS takes, however many sources are overdue', () => {
    const many = Array.from({ length: 40 }, () => overdue(undefined));
    expect(composeOverdue(many).subject).toHaveLength(99);
  });

  it('are told what becomes of a source that is configured no longer', () => {
    const { subject, text, json } = composeUnconfigured(['old', 'older']);
    expect(`${subject}\n\n${text}`).toMatchSnapshot();
    expect(json).toMatchObject({ outcome: 'unconfigured', sources: ['old', 'older'] });
  });
});

describe('the metrics', () => {
  it('of a stage count what is overdue', () => {
    const tested = assess('tested', { testsSince: ago(5000) });
    const all = [assess('nightly', verified(50)), assess('strict', verified(1)), tested];
    expect(metricsOfStage(all)).toEqual([
      { name: 'SourcesOverdue', unit: 'Count', value: 1 },
      { name: 'RestoreTestsOverdue', unit: 'Count', value: 1 },
    ]);
  });

  it('of a source are its ages', () => {
    expect(metricsOfSource(assess('nightly', verified(2)))).toEqual([
      { name: 'AgeSeconds', unit: 'Seconds', value: 7200 },
    ]);
    expect(metricsOfSource(assess('tested', { testsSince: ago(5000), testPassedAt: ago(1) }))).toEqual([
      { name: 'RestoreTestAgeSeconds', unit: 'Seconds', value: 3600 },
    ]);
    expect(metricsOfSource(assess('unwatched'))).toEqual([]);
  });
});
