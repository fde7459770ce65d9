/**
 * Two years of nights for three sources: a clock of its own over the real functions, the table and the bucket. Three
 * weeks of an outage in the middle, every twentieth run fails, and one source is not scheduled any more from some day on.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { s3, sns } from '../../../aws/clients.ts';
import { bucketName, tableName } from '../../../aws/environment.ts';
import { runsOfSource } from '../../../aws/source-runs.ts';
import { manifestKey, objectKey } from '../../../core/keys.ts';
import { localDay } from '../../../core/retention/calendar-buckets.ts';
import { applyRemovals } from '../../../functions/apply-retention.ts';
import { checkFreshness } from '../../../functions/check-freshness.ts';
import { planSource } from '../../../functions/plan-retention.ts';
import { leave, pointRow, record, startKeepingWorld, type KeepingWorld } from './world.ts';

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

/** One source has objects in the bucket; for the others rows alone tell as much, in half the requests. */
const STORED: SourceName = 'last';

/** Deterministic: every twentieth run of a source fails, each source on nights of its own. */
const fails = (source: SourceName, night: number): boolean => night % 20 === 7 + SOURCES.indexOf(source);

const runs = (source: SourceName, night: number): boolean =>
  (night < OUTAGE.from || night >= OUTAGE.to) && !(source === 'aged' && night >= UNSCHEDULED_FROM);

let world: KeepingWorld;
beforeAll(async () => {
  world = await startKeepingWorld(CONFIG);
  const { TopicArn } = await sns().send(new CreateTopicCommand({ Name: 'holdfast' }));
  process.env['HOLDFAST_TOPIC'] = TopicArn;
}, 120_000);
afterAll(() => world.stop());

/** What the three sources really did, for the judge, who knows nothing of the functions. */
const verified = new Map<SourceName, string[]>(SOURCES.map((source) => [source, []]));
const overdueOn = new Map<SourceName, number[]>(SOURCES.map((source) => [source, []]));
/** Nights after which a source lost a verified point while it was overdue. */
const lostWhileOverdue: string[] = [];

async function night(source: SourceName, index: number): Promise<void> {
  const startedAt = new Date(FIRST_NIGHT + index * DAY_MS).toISOString();
  const isGood = !fails(source, index);
  const row = pointRow(source, startedAt, isGood ? {} : { status: 'failed', verdict: undefined });
  await (source === STORED ? leave(row, ['archive.dump']) : record(row));
  if (isGood) verified.get(source)?.push(startedAt);
}

/** Every day where something happens, else once a week: each removal is the same, and the emulator gets some rest. */
const isPruningDay = (index: number): boolean =>
  index < 30 || Math.abs(index - OUTAGE.from) < 40 || index > UNSCHEDULED_FROM - 30 || index % 7 === 0;

async function morning(index: number): Promise<void> {
  const now = new Date(FIRST_NIGHT + index * DAY_MS + 8 * HOUR_MS);
  const fresh = await checkFreshness(now);
  const look = async (source: SourceName): Promise<void> => {
    const isOverdue = fresh.find((each) => each.source === source)?.isOverdue ?? false;
    if (isOverdue) overdueOn.get(source)?.push(index);
    if (!isPruningDay(index)) return;
    const { removals } = await planSource(source, false, now);
    if (isOverdue && removals.length > 0) lostWhileOverdue.push(`${source} on night ${index}`);
    if (removals.length > 0) await applyRemovals({ source, removals }, () => now);
  };
  await Promise.all(SOURCES.map(look));
}

async function pointsOf(source: SourceName): Promise<string[]> {
  const { runs: rows } = await runsOfSource(tableName(), source);
  return rows.filter(({ verdict }) => verdict === 'verified').map(({ startedAt }) => startedAt);
}

/** The newest verified point of each period, newest first. */
function newestOfEach(points: readonly string[], periodOf: (day: string) => string, limit: number): string[] {
  const newest = new Map<string, string>();
  for (const point of [...points].sort().reverse()) {
    const period = periodOf(localDay(point, 'Europe/Paris'));
    if (!newest.has(period)) newest.set(period, point);
  }
  return [...newest.values()].slice(0, limit);
}

/** The Monday of a day's week: another way to tell weeks apart than the one that is tested. */
function mondayOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  return new Date(date.getTime() - ((date.getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);
}

describe('two years of nights', () => {
  it('pass', async () => {
    for (let index = 0; index < NIGHTS; index++) {
      await Promise.all(SOURCES.filter((source) => runs(source, index)).map((source) => night(source, index)));
      await morning(index);
    }
    expect(lostWhileOverdue).toEqual([]);
  }, 300_000);

  it('leave exactly the last 7', async () => {
    expect(await pointsOf('last')).toEqual(verified.get('last')?.slice(-7));
  });

  it('leave exactly the points of 8 weeks before the source was not scheduled any more', async () => {
    // The last morning on which the newest point was not too old for anything to go.
    const lastMorning = FIRST_NIGHT + UNSCHEDULED_FROM * DAY_MS - DAY_MS + 8 * HOUR_MS;
    const young = verified.get('aged')?.filter((at) => lastMorning - Date.parse(at) <= 8 * 7 * DAY_MS);
    expect(await pointsOf('aged')).toEqual(young);
  });

  it('leave exactly 14 days, 8 weeks, 12 months and 2 years', async () => {
    const all = verified.get('tiered') ?? [];
    const named = new Set([
      ...newestOfEach(all, (day) => day, 14),
      ...newestOfEach(all, mondayOf, 8),
      ...newestOfEach(all, (day) => day.slice(0, 7), 12),
      ...newestOfEach(all, (day) => day.slice(0, 4), 2),
    ]);
    expect(await pointsOf('tiered')).toEqual([...named].sort());
  });

  it('leave no object of what is gone', async () => {
    const { Contents = [] } = await s3().send(new ListObjectsV2Command({ Bucket: bucketName() }));
    const { runs: rows } = await runsOfSource(tableName(), STORED);
    const expected = rows.flatMap((row) => [
      objectKey(row, 'orders', 1, 'archive.dump'),
      ...(row.verdict === 'verified' ? [manifestKey(row)] : []),
    ]);
    expect(Contents.map(({ Key }) => Key)).toEqual(expected.sort());
  });

  it('ring on the right days', () => {
    const expected = (source: SourceName): number[] =>
      Array.from({ length: NIGHTS }, (_, index) => index).filter((index) => {
        const last = Array.from({ length: index + 1 }, (_, each) => index - each).find(
          (each) => runs(source, each) && !fails(source, each),
        );
        // 8 hours after the night: a point of the last night is 8 hours old, of the one before 32 hours.
        return last !== undefined && last < index;
      });
    for (const source of SOURCES) expect(overdueOn.get(source)).toEqual(expected(source));
    expect(overdueOn.get('last')).toEqual(expect.arrayContaining([OUTAGE.from, OUTAGE.to - 1]));
    expect(overdueOn.get('aged')?.slice(-30)).toEqual(Array.from({ length: 30 }, (_, each) => UNSCHEDULED_FROM + each));
  });
});
