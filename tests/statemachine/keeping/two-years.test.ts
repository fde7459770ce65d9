/**
 * Two years of nights for three sources: a clock of its own over the real functions, the table and the bucket. Three
 * weeks of an outage in the middle, every twentieth run fails, and one source is not scheduled any more from some day on.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { s3 } from '../../../aws/clients.ts';
import { bucketName, tableName } from '../../../aws/environment.ts';
import { runsOfSource } from '../../../aws/source-runs.ts';
import { manifestKey, objectKey } from '../../../core/keys.ts';
import { localDay } from '../../../core/retention/calendar-buckets.ts';
import { applyRemovals } from '../../../functions/apply-retention.ts';
import { checkFreshness } from '../../../functions/check-freshness.ts';
import { planSource } from '../../../functions/plan-retention.ts';
import { stateOf, type Alarm } from '../../infra/alarm-state.ts';
import { CHECKOUT } from '../definition.ts';
import { leave, pointRow, shareKeepingWorld } from './world.ts';

const SOURCES = ['last', 'aged', 'tiered'] as const;
type SourceName = (typeof SOURCES)[number];

const CONFIG = `
defaults: { connection: { secret: x }, schedule: { cron: "30 2 * * ? *", timezone: Europe/Paris }, alarmAfter: 26h }
sources:
  last: { retention: { keepLast: 7 } }
  aged: { retention: { maxAge: 8w, atLeast: 3 } }
  tiered: { retention: { daily: 14, weekly: 8, monthly: 12, yearly: 2, atLeast: 3 } }
`;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FIRST_NIGHT = Date.parse('2024-11-18T01:30:00Z');
const NIGHTS = 730;
const OUTAGE = { from: 360, to: 381 };
/** Nothing starts "aged" from this night on. */
const UNSCHEDULED_FROM = 700;

/** Deterministic: every twentieth run of a source fails, each source on nights of its own. */
const fails = (source: SourceName, night: number): boolean => night % 20 === 7 + SOURCES.indexOf(source);

const runs = (source: SourceName, night: number): boolean =>
  (night < OUTAGE.from || night >= OUTAGE.to) && !(source === 'aged' && night >= UNSCHEDULED_FROM);

const isVerified = (source: SourceName, night: number): boolean => runs(source, night) && !fails(source, night);

/**
 * What goes is planned every morning, and judged; it is removed on some: on those around everything that happens, and
 * every two weeks. ApplyRetention asks AWS a dozen things about what stays before it removes the first point. Every
 * morning, for three sources, that is 25,000 calls more: minutes of a processor, to carry out plans that were judged.
 */
const isPruned = (night: number): boolean =>
  night % 14 === 0 ||
  [0, OUTAGE.from, OUTAGE.to, UNSCHEDULED_FROM, NIGHTS].some((event) => Math.abs(night - event) <= 3);

const startOf = (night: number): string => new Date(FIRST_NIGHT + night * DAY_MS).toISOString();
const morningAfter = (night: number): Date => new Date(FIRST_NIGHT + night * DAY_MS + 8 * HOUR_MS);

/** As it is deployed. */
function deployedAlarm(): Alarm {
  const text = readFileSync(join(CHECKOUT, 'infra/watching.yml'), 'utf8').replaceAll('${sls:stage}', 'local');
  const { Resources } = parse(text, { logLevel: 'silent' }) as {
    Resources: { SourcesOverdueAlarm: { Properties: Alarm } };
  };
  return Resources.SourcesOverdueAlarm.Properties;
}

const OVERDUE_ALARM = deployedAlarm();

shareKeepingWorld(CONFIG);

/** What a source has, for the judge, who knows nothing of the functions. Starts of runs, oldest first. */
interface Book {
  /** All that were ever verified. */
  readonly verified: string[];
  /** Those that no run of retention said that it has removed. */
  there: string[];
}
const books = new Map<SourceName, Book>(SOURCES.map((source) => [source, { verified: [], there: [] }]));
const bookOf = (source: SourceName): Book => books.get(source) ?? { verified: [], there: [] };

/** What the plan of a morning leaves of the points that are there. */
const plannedToStay = new Map<SourceName, readonly string[]>();

/** On which nights a source was overdue in the morning, and on which the alarm rang. */
const overdueOn = new Map<SourceName, number[]>(SOURCES.map((source) => [source, []]));
const rangOn: number[] = [];

async function night(source: SourceName, index: number): Promise<void> {
  const row = pointRow(source, startOf(index), fails(source, index) ? { status: 'failed', verdict: undefined } : {});
  await leave(row, ['archive.dump']);
  if (!isVerified(source, index)) return;
  bookOf(source).verified.push(row.startedAt);
  bookOf(source).there.push(row.startedAt);
}

async function morning(index: number): Promise<void> {
  const now = morningAfter(index);
  const lines: string[] = [];
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  try {
    for (const { source, isOverdue } of await checkFreshness(now)) {
      if (isOverdue) overdueOn.get(source as SourceName)?.push(index);
    }
    await Promise.all(SOURCES.map((source) => prune(source, index)));
  } finally {
    spy.mockRestore();
  }
  if (stateOf(OVERDUE_ALARM, [lines]) === 'ALARM') rangOn.push(index);
}

async function prune(source: SourceName, index: number): Promise<void> {
  const now = morningAfter(index);
  const { removals } = await planSource(source, false, now);
  const going = new Set(removals.map(({ sk }) => sk.split('#')[1]));
  const book = bookOf(source);
  const staying = book.there.filter((startedAt) => !going.has(startedAt));
  plannedToStay.set(source, staying);
  if (!isPruned(index) || removals.length === 0) return;
  expect(await applyRemovals({ source, removals }, () => now)).toMatchObject({ removed: removals.length, kept: [] });
  book.there = staying;
}

/** What a policy names of all points that were ever verified, oldest first: each told in another way than in the code. */
const NAMED: Readonly<Record<SourceName, (verified: readonly string[], now: Date) => readonly string[]>> = {
  last: (verified) => verified.slice(-7),
  aged: (verified, now) =>
    verified.filter((at, index) => now.getTime() - Date.parse(at) <= 8 * 7 * DAY_MS || index >= verified.length - 3),
  tiered: (verified) => {
    const named = new Set([
      ...newestOfEach(verified, (day) => day, 14),
      ...newestOfEach(verified, mondayOf, 8),
      ...newestOfEach(verified, (day) => day.slice(0, 7), 12),
      ...newestOfEach(verified, (day) => day.slice(0, 4), 2),
    ]);
    return verified.filter((at) => named.has(at));
  },
};

/** The newest verified point of each period, newest first. */
function newestOfEach(points: readonly string[], periodOf: (day: string) => string, limit: number): string[] {
  const newest = new Map<string, string>();
  for (const point of [...points].reverse()) {
    const period = periodOf(localDay(point, 'Europe/Paris'));
    if (!newest.has(period)) newest.set(period, point);
    if (newest.size === limit + 1) break;
  }
  return [...newest.values()].slice(0, limit);
}

/** The Monday of a day's week: another way to tell weeks apart than the one that is tested. */
function mondayOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  return new Date(date.getTime() - ((date.getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);
}

/** What the policy of a source names on the last morning on which its last night was verified. */
function namedAt(source: SourceName, index: number): readonly string[] {
  const last = Array.from({ length: index + 1 }, (_, back) => index - back).find((each) => isVerified(source, each));
  if (last === undefined) return [];
  const verified = bookOf(source).verified.filter((at) => at <= startOf(last));
  return NAMED[source](verified, morningAfter(last));
}

async function allVersions(): Promise<string[]> {
  const keys: string[] = [];
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await s3().send(new ListObjectVersionsCommand({ Bucket: bucketName(), KeyMarker: page?.NextKeyMarker }));
    keys.push(...[...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key = '' }) => Key));
  } while (page.IsTruncated);
  return keys;
}

describe('two years of nights', () => {
  it('leave by the plan of each morning exactly the points that the policies name', async () => {
    for (let index = 0; index < NIGHTS; index++) {
      await Promise.all(SOURCES.filter((source) => runs(source, index)).map((source) => night(source, index)));
      await morning(index);
      for (const source of SOURCES) {
        // Nothing goes of a source whose last night was not verified, also not what should have gone the morning before.
        const expected = isVerified(source, index) ? namedAt(source, index) : bookOf(source).there;
        expect([source, index, plannedToStay.get(source)]).toEqual([source, index, expected]);
      }
    }
  }, 600_000);

  it.each(SOURCES)('leave them in the table: %s', async (source) => {
    const { runs: rows } = await runsOfSource(tableName(), source);
    const verified = rows.filter(({ verdict }) => verdict === 'verified').map(({ startedAt }) => startedAt);
    expect(verified).toEqual(namedAt(source, NIGHTS - 1));
    expect(verified.length).toBeGreaterThan(source === 'last' ? 6 : 20);
  });

  it('leave their objects in the bucket, and nothing of what is gone', async () => {
    const rows = (await Promise.all(SOURCES.map((source) => runsOfSource(tableName(), source)))).flatMap(
      (of) => of.runs,
    );
    const expected = rows.flatMap((row) => [
      objectKey(row, 'orders', 1, 'archive.dump'),
      ...(row.verdict === 'verified' ? [manifestKey(row)] : []),
    ]);
    expect((await allVersions()).sort()).toEqual(expected.sort());
  });

  it('ring on the right days', () => {
    const nights = Array.from({ length: NIGHTS }, (_, index) => index);
    // 8 hours after the night: a point of the last night is 8 hours old, of the one before 32 hours.
    const expected = (source: SourceName): number[] =>
      nights.filter(
        (index) => !isVerified(source, index) && nights.some((each) => each < index && isVerified(source, each)),
      );
    for (const source of SOURCES) expect(overdueOn.get(source)).toEqual(expected(source));
    expect(rangOn).toEqual(nights.filter((index) => SOURCES.some((source) => expected(source).includes(index))));
    expect(rangOn).toEqual(expect.arrayContaining([OUTAGE.from, OUTAGE.to - 1, UNSCHEDULED_FROM, NIGHTS - 1]));
    expect(rangOn).not.toContain(0);
  });
});
