/** How old the newest verified point of each source is, and whom that concerns. */
import { alarmAfterMs } from './config/alarm-after.ts';
import { longestGapMs } from './config/longest-gap.ts';
import type { Config } from './config/schema.ts';
import type { Metric } from './metric-line.ts';

/** What the table knows of a source. Times are ISO-8601 UTC. */
export interface KnownOfSource {
  readonly source: string;
  /** The newest verified point; undefined: none was ever verified. */
  readonly latest: { readonly run: string; readonly startedAt: string } | undefined;
  /** When a restore test last passed; undefined: none ever did. */
  readonly testPassedAt: string | undefined;
  /** Since when the source is looked at: a point that there never was is as old as that. */
  readonly watchedSince: string;
  /** Since when its configuration has a restore test: before, none was expected. undefined: it has none. */
  readonly testsSince: string | undefined;
  /** When people were last told that it is overdue; undefined: it was not, when it was last looked at. */
  readonly toldAt: string | undefined;
}

export interface Freshness extends KnownOfSource {
  /** Of the newest verified point, or of the watch where there is none. */
  readonly ageMs: number;
  /** At which age the source is overdue; null: it is not watched. */
  readonly limitMs: number | null;
  readonly isOverdue: boolean;
  /** null: no restore test is configured. */
  readonly testAgeMs: number | null;
  readonly isTestOverdue: boolean;
}

/** A day more than the longest time between two tests: so long a restore may take. */
const TEST_GRACE_MS = 86_400_000;

/** People are told again after a day, as long as it lasts. */
const REMINDER_MS = 86_400_000;

export function assessFreshness(known: KnownOfSource, config: Config, now: Date): Freshness {
  const source = config.sources[known.source];
  const limitMs = source ? alarmAfterMs(source) : null;
  const ageMs = now.getTime() - Date.parse(known.latest?.startedAt ?? known.watchedSince);
  const testAgeMs = ageOfTestMs(known, now);
  const testLimitMs = source?.restoreTest ? longestGapMs(source.restoreTest.cron) + TEST_GRACE_MS : null;
  return {
    ...known,
    ageMs,
    limitMs,
    isOverdue: limitMs !== null && ageMs > limitMs,
    testAgeMs,
    isTestOverdue: testAgeMs !== null && testLimitMs !== null && testAgeMs > testLimitMs,
  };
}

/** Of the last test that passed, or of the wish for tests where that is younger. */
function ageOfTestMs({ testPassedAt, testsSince }: KnownOfSource, now: Date): number | null {
  if (testsSince === undefined) return null;
  const passedMs = testPassedAt === undefined ? -Infinity : Date.parse(testPassedAt);
  return now.getTime() - Math.max(passedMs, Date.parse(testsSince));
}

/** The overdue sources that people do not know of yet, or were told of a day ago. */
export function whomToTellOf(sources: readonly Freshness[], now: Date): Freshness[] {
  return sources.filter(
    ({ isOverdue, toldAt }) => isOverdue && (toldAt === undefined || now.getTime() - Date.parse(toldAt) >= REMINDER_MS),
  );
}

/** Of one source; the highest of them is the age of the stage. */
export function metricsOfSource({ latest, ageMs, limitMs, testAgeMs }: Freshness): Metric[] {
  const isAged = latest !== undefined || limitMs !== null;
  return [
    ...(isAged ? [{ name: 'AgeSeconds', unit: 'Seconds' as const, value: seconds(ageMs) }] : []),
    ...(testAgeMs === null
      ? []
      : [{ name: 'RestoreTestAgeSeconds', unit: 'Seconds' as const, value: seconds(testAgeMs) }]),
  ];
}

/** Of the whole stage, for the alarms. */
export function metricsOfStage(sources: readonly Freshness[]): Metric[] {
  const count = (matches: (source: Freshness) => boolean): number => sources.filter(matches).length;
  return [
    { name: 'SourcesOverdue', unit: 'Count', value: count(({ isOverdue }) => isOverdue) },
    { name: 'RestoreTestsOverdue', unit: 'Count', value: count(({ isTestOverdue }) => isTestOverdue) },
  ];
}

const seconds = (ms: number): number => Math.round(ms / 1000);
