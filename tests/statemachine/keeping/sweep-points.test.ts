/** What a sweep makes of executions without an answer, of restores that are over, of rows and points that are damaged. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { claimSource } from '../../../aws/claims.ts';
import { dynamo, sns } from '../../../aws/clients.ts';
import { tableName } from '../../../aws/environment.ts';
import { findRow } from '../../../aws/run-store.ts';
import { readSources } from '../../../aws/watch-store.ts';
import { activeKey, manifestKey, objectKey, restoreKey, runPrefix, watchedKey } from '../../../core/keys.ts';
import type { Leftover } from '../../../core/leftovers.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { sweep } from '../../../functions/sweep.ts';
import { planOf } from '../../unit/core/run-samples.ts';
import { executionThatIs, FORGOTTEN } from '../guards-world.ts';
import { createCluster } from './tasks.ts';
import {
  deleteObject,
  leave,
  pointRow,
  putObject,
  record,
  rowOf,
  snapshotOf,
  shareKeepingWorld,
  versionsOf,
} from './world.ts';

const CONFIG = `defaults: { connection: { secret: x }, rds: { instance: orders-prod } }
sources: { claims: {}, marks: {}, damaged: {}, fine: {} }
`;

/** Every point of a source is looked at in one hour of the day; the hour of the second source is the second. */
const HOUR_OF = { claims: 0, marks: 1, damaged: 2, fine: 3 } as const;
type SourceName = keyof typeof HOUR_OF;

let over: string;
let running: string;
shareKeepingWorld(CONFIG, async (emulator) => {
  await createCluster(emulator);
  over = await executionThatIs(emulator, 'FAILED');
  running = await executionThatIs(emulator, 'RUNNING');
});

const NOW = new Date('2026-11-18T09:37:00Z');
const hourOf = (source: SourceName): Date => new Date(`2026-11-18T0${HOUR_OF[source]}:37:00Z`);
const minutesAgo = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const night = (day: number): string => `2026-11-${day}T00:30:00.000Z`;

const put = (Item: object): Promise<unknown> => dynamo().send(new PutCommand({ TableName: tableName(), Item }));
const set = ({ pk, sk }: RunRow, UpdateExpression: string, value: unknown): Promise<unknown> =>
  dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: { pk, sk },
      UpdateExpression,
      ExpressionAttributeValues: { ':value': value },
    }),
  );

let written: string[];
let published: PublishCommandInput[];
beforeEach(() => {
  [written, published] = [[], []];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  sns().middlewareStack.add(
    (next) => (args) => {
      published.push(args.input as PublishCommandInput);
      return next(args);
    },
    { name: 'listen', step: 'initialize' },
  );
});
afterEach(() => {
  jest.restoreAllMocks();
  sns().middlewareStack.remove('listen');
});

const lines = (leftovers: readonly Leftover[]): string[] =>
  leftovers.map(({ kind, what, isEnded }) => `${kind} ${what} ${isEnded ? 'ended' : 'stays'}`);
const metrics = (): unknown => JSON.parse(written.at(-1) ?? '');

describe('a run whose execution AWS does not know', () => {
  const unknown = (startedAt: string, run = 'unknown'): RunRow =>
    pointRow('claims', startedAt, { run, status: 'running', verdict: undefined, executionArn: FORGOTTEN });

  it('may have begun a moment ago, and goes on', async () => {
    const young = unknown(minutesAgo(59));
    await put(young);
    await claimSource(young);
    expect(await sweep(NOW)).toEqual([]);
    expect(await rowOf(young)).toMatchObject({ status: 'running' });
    expect(await findRow(activeKey('claims'))).toBeDefined();
    expect(published).toEqual([]);
  });

  it('is closed an hour later, and people are told, once', async () => {
    const later = new Date(NOW.getTime() + 2 * 60_000);
    expect(lines(await sweep(later))).toEqual(['claim unknown ended']);
    expect(await findRow(activeKey('claims'))).toBeUndefined();
    expect(published).toMatchObject([{ Subject: expect.stringMatching(/^\[holdfast\] FAILED claims/) }]);
    expect(await sweep(later)).toEqual([]);
    expect(published).toHaveLength(1);
  });

  it('and that was announced already is closed without a word', async () => {
    await put({ ...unknown(minutesAgo(120), 'announced'), notifiedAt: minutesAgo(100) });
    expect(lines(await sweep(NOW))).toEqual(['claim announced ended']);
    expect(published).toEqual([]);
  });
});

describe('the mark of a restore on its point', () => {
  it('goes when the restore is over, whatever its row says; that of a living one stays', async () => {
    const young = FORGOTTEN.replace('forgotten', 'young');
    const row = await leave(pointRow('marks', night(16), { restores: new Set([over, running, FORGOTTEN, young]) }));
    await put({
      ...restoreKey({ source: 'marks', run: 'young', startedAt: '2026-11-18T01:00:00.000Z' }),
      run: 'young',
    });
    expect(lines(await sweep(hourOf('marks')))).toEqual([`claim ${row.run} ended`, `claim ${row.run} ended`]);
    expect((await rowOf(row)).restores).toEqual(new Set([running, young]));
  });
});

describe('a point that has lost something', () => {
  it('is told of within the hour when it is the newest, and counted apart from leftovers', async () => {
    const newest = await leave(pointRow('damaged', night(17)));
    await deleteObject(objectKey(newest, 'orders', 1, 'archive.dump'));
    expect(await sweep(NOW)).toEqual([
      {
        kind: 'point',
        what: runPrefix(newest),
        why: `run ${newest.run} is verified, and has lost ${objectKey(newest, 'orders', 1, 'archive.dump')}`,
        isEnded: false,
      },
    ]);
    expect(metrics()).toMatchObject({ PointsDamaged: 1, Leftovers: 0 });
  });

  it('is told of once a day, however old it is', async () => {
    const [old, alone, partial, gone] = [
      await leave(pointRow('damaged', '2025-01-02T00:30:00.000Z', { verdict: 'suspect', status: 'failed' })),
      pointRow('damaged', '2025-01-03T00:30:00.000Z'),
      await leave(pointRow('damaged', '2025-01-04T00:30:00.000Z', { verdict: 'partial', status: 'failed' }), []),
      pointRow('damaged', '2025-01-05T00:30:00.000Z', { deletedAt: night(16), verdict: undefined }),
    ];
    await record(alone);
    await put(gone);
    const newest = await leave(pointRow('damaged', night(18)));
    await deleteObject(manifestKey(old));
    await putObject(objectKey(partial, 'orders', 1, 'stray'), 'x');
    expect(lines(await sweep(NOW))).toEqual([]);
    const found = lines(await sweep(hourOf('damaged')));
    expect(found).toEqual(
      [runPrefix(old), runPrefix(alone), runPrefix(pointRow('damaged', night(17)))].map(
        (each) => `point ${each} stays`,
      ),
    );
    expect(found).not.toContain(runPrefix(newest));
    expect(metrics()).toMatchObject({ PointsDamaged: 3 });
  });

  it('is one whose row cannot be read', async () => {
    const row = await leave(pointRow('damaged', '2025-01-06T00:30:00.000Z'));
    await set(row, 'SET verdict = :value', 'splendid');
    await leave(pointRow('damaged', night(18), { run: 'newest' }));
    expect(lines(await sweep(hourOf('damaged')))).toContain(`point damaged ${row.sk} stays`);
  });
});

describe('what cannot be looked at', () => {
  it('is told of, and keeps nothing else from being looked at', async () => {
    const broken = pointRow('claims', minutesAgo(200), { run: 'broken', status: 'running', executionArn: over });
    await put({ ...broken, plan: { ...planOf('orders'), dump: 'none' } });
    const removed = pointRow('fine', night(10), { verdict: undefined, deletedAt: night(16) });
    const snapshot = await snapshotOf(removed);
    await put({ ...removed, plan: 'of another version' });
    expect(lines(await sweep(NOW))).toEqual(['claim claims stays', `snapshot ${snapshot.identifier} ended`]);
    expect(metrics()).toMatchObject({ Leftovers: 1 });
  });
});

describe('a source that was taken out of holdfast.yml', () => {
  const subjects = (): unknown[] => published.map(({ Subject }) => Subject);

  it('keeps all that it has, and people are told once', async () => {
    const row = await leave(pointRow('old', '2024-11-17T00:30:00.000Z'));
    const before = await versionsOf(row);
    await sweep(NOW);
    await sweep(NOW);
    expect(published).toMatchObject([
      {
        Subject: '[holdfast] UNCONFIGURED old',
        MessageAttributes: { outcome: { StringValue: 'unconfigured' }, source: { StringValue: '["old"]' } },
      },
    ]);
    expect(await versionsOf(row)).toEqual(before);
    expect(await rowOf(row)).toMatchObject({ verdict: 'verified' });
  });

  it('is told of again when it was configured meanwhile, and another when it goes too', async () => {
    await put({ ...watchedKey('older'), since: night(10) });
    await putObject('older/2024/11/17/run/orders/1/archive.dump', 'x');
    await sweep(NOW);
    await readSources([{ source: 'old', isTested: false }], NOW);
    await sweep(NOW);
    expect(subjects()).toEqual(['[holdfast] UNCONFIGURED older', '[holdfast] UNCONFIGURED old']);
  });
});
