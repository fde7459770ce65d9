import { describe, expect, it } from '@jest/globals';
import { chooseDump, choosePoint, inRandomOrder, pointsSince } from '../../../core/choose-point.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { databaseDump } from './run-samples.ts';
import { newestFirst, pointOf } from './restore-samples.ts';

const REMARK = { by: 'me', why: 'fine', at: '2025-11-22T00:00:00.000Z' };
const FAILED = pointOf('21', { status: 'failed', verdict: 'partial' });
const POINTS = [pointOf('18'), pointOf('19'), pointOf('20'), FAILED];

const chosen = async (recoveryPoint: string, points: readonly RunRow[] = POINTS, database?: string): Promise<string> =>
  (await choosePoint({ source: 'orders', recoveryPoint, database }, newestFirst(...points))).run;

describe('the newest point', () => {
  it('is the newest verified one, whatever came after it', async () => {
    expect(await chosen('latest')).toBe('orders-20');
  });

  it.each<[string, Partial<RunRow>]>([
    ['is being removed', { deleting: '2025-11-22T00:00:00.000Z' }],
    ['was removed', { deletedAt: '2025-11-22T00:00:00.000Z' }],
    ['has lost its dump', { dumpDeletedAt: '2025-11-22T00:00:00.000Z' }],
    ['is suspect', { verdict: 'suspect', status: 'failed' }],
    ['has only a snapshot', { verdict: 'snapshot-only', dumps: [] }],
    ['is running', { status: 'running' }],
  ])('is none that %s', async (_title, more) => {
    expect(await chosen('latest', [pointOf('19'), pointOf('20', more)])).toBe('orders-19');
  });

  it('may be a suspect one that a person has accepted', async () => {
    const accepted = pointOf('20', { verdict: 'suspect', status: 'failed', accepted: REMARK });
    expect(await chosen('latest', [pointOf('19'), accepted])).toBe('orders-20');
  });

  it('holds the database that is asked for', async () => {
    const without = pointOf('20', { dumps: [databaseDump('orders')] });
    expect(await chosen('latest', [pointOf('19'), without], 'billing')).toBe('orders-19');
  });

  it('is missed by name', async () => {
    await expect(chosen('latest', [FAILED])).rejects.toMatchObject({
      name: 'RecoveryPointNotFound',
      message: 'source orders has no verified recovery point',
    });
  });
});

describe('a point by time', () => {
  it.each([
    ['2025-11-20T02:31:00Z', 'orders-20', 'the moment of its snapshot'],
    ['2025-11-20T02:30:30Z', 'orders-19', 'after its start, but before its snapshot: what it holds is younger'],
    ['2025-11-20T04:00:00+02:00', 'orders-19', 'with an offset'],
    ['2025-11-30T00:00:00Z', 'orders-20', 'long after'],
  ])('%s is %s: %s', async (time, run) => {
    expect(await chosen(time)).toBe(run);
  });

  it('before all of them is refused', async () => {
    await expect(chosen('2025-11-01T00:00:00Z')).rejects.toMatchObject({ name: 'RecoveryPointNotFound' });
  });

  it('without an offset is refused: it would mean another moment elsewhere', async () => {
    await expect(chosen('2025-11-20T02:31:00')).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringContaining('with its offset'),
    });
  });
});

describe('a point by name', () => {
  it('need not be verified: whoever names it knows why', async () => {
    expect(await chosen('orders-21')).toBe('orders-21');
  });

  it.each<[string, Partial<RunRow>, string]>([
    ['running', { status: 'running', dumps: undefined }, 'is still running'],
    ['removed', { deletedAt: '2025-11-22T00:00:00.000Z' }, 'was removed by retention'],
    ['being removed', { deleting: '2025-11-22T00:00:00.000Z' }, 'is being removed by retention'],
    ['only a snapshot', { verdict: 'snapshot-only', dumps: [] }, 'made an RDS snapshot and no dump'],
    ['nothing', { verdict: undefined, dumps: undefined, status: 'failed' }, 'left no dump'],
  ])('that is %s is refused', async (_title, more, problem) => {
    await expect(chosen('orders-20', [pointOf('20', more)])).rejects.toMatchObject({
      name: 'RecoveryPointNotFound',
      message: `run orders-20 of source orders ${problem}`,
    });
  });

  it('that there is none is refused', async () => {
    await expect(chosen('orders-99')).rejects.toMatchObject({ message: 'source orders has no run orders-99' });
  });
});

describe('the points of a window', () => {
  const since = async (time: string): Promise<string[]> =>
    (await pointsSince('orders', newestFirst(...POINTS), time)).map(({ run }) => run);

  it('are the verified ones, and no others', async () => {
    expect(await since('2025-11-19T00:00:00.000Z')).toEqual(['orders-20', 'orders-19']);
  });

  it('are at least one', async () => {
    await expect(since('2025-11-20T12:00:00.000Z')).rejects.toMatchObject({
      name: 'RecoveryPointNotFound',
      message: 'source orders has no verified recovery point since 2025-11-20 12:00:00 UTC',
    });
  });
});

describe('a random order', () => {
  it('holds everything once', () => {
    for (const random of [0, 0.4, 0.999]) {
      expect(inRandomOrder(['a', 'b', 'c'], () => random).sort()).toEqual(['a', 'b', 'c']);
    }
  });

  it('may begin with each', () => {
    expect([0, 0.34, 0.67].map((random) => inRandomOrder(['a', 'b', 'c'], () => random)[0])).toEqual(['a', 'b', 'c']);
  });
});

describe('the database of a point', () => {
  it('must be named where there are several', () => {
    expect(() => chooseDump(pointOf('20'), undefined)).toThrow(
      'database is required: recovery point orders-20 holds orders, billing',
    );
  });

  it('need not be named where there is one', () => {
    expect(chooseDump(pointOf('20', { dumps: [databaseDump('only')] }), undefined).database).toBe('only');
  });

  it('that it does not hold is refused', () => {
    expect(() => chooseDump(pointOf('20'), 'Orders')).toThrow('holds no database "Orders" (it holds orders, billing)');
  });
});
