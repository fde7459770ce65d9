/** What a sweep ends, what it only tells of, and what it leaves alone. */
import { describe, expect, it, jest } from '@jest/globals';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { claimSource } from '../../../aws/claims.ts';
import { dynamo, s3 } from '../../../aws/clients.ts';
import { bucketName, tableName } from '../../../aws/environment.ts';
import { findRow } from '../../../aws/run-store.ts';
import { findSnapshot } from '../../../aws/snapshots.ts';
import {
  activeKey,
  manifestKey,
  objectKey,
  restoreKey,
  restoreTestKey,
  restoreTestResultKey,
  RUN_TAG,
} from '../../../core/keys.ts';
import type { Leftover } from '../../../core/leftovers.ts';
import type { RestoringRow } from '../../../core/restore-record.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { sweep } from '../../../functions/sweep.ts';
import { restoreRow, testRow } from '../../unit/core/restore-samples.ts';
import { executionThatIs } from '../guards-world.ts';
import { createCluster, hasEnded, isMeantToRun, startTask } from './tasks.ts';
import {
  deleteObject,
  leave,
  pointRow,
  putObject,
  record,
  rowOf,
  snapshotOf,
  shareKeepingWorld,
  takeSnapshot,
  versionsOf,
} from './world.ts';

const CONFIG = `defaults: { connection: { secret: x } }
sources:
  orders: { rds: { instance: orders-prod } }
  other: {}
  stray: {}
  failing: {}
`;

/** Executions. */
let over: string;
let running: string;
shareKeepingWorld(CONFIG, async (emulator) => {
  await createCluster(emulator);
  over = await executionThatIs(emulator, 'FAILED');
  running = await executionThatIs(emulator, 'RUNNING');
});

const NOW = new Date('2026-11-18T09:37:00Z');
const HOUR_MS = 3_600_000;
const at = (day: number): string => `2026-11-${day}T02:30:00.000Z`;
const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);

const put = (Item: object): Promise<unknown> => dynamo().send(new PutCommand({ TableName: tableName(), Item }));

/** What a sweep finds of one kind. */
async function found(kind: Leftover['kind'], now = NOW): Promise<string[]> {
  const leftovers = (await sweep(now)).filter((leftover) => leftover.kind === kind);
  return leftovers.map(({ what, isEnded }) => `${what} ${isEnded ? 'ended' : 'stays'}`).sort();
}

/** The row of a run whose execution is that one, as it is while the run is open. */
const openRun = (run: string, executionArn: string, more: Partial<RunRow> = {}): RunRow =>
  pointRow('orders', at(18), { run, status: 'running', verdict: undefined, executionArn, ...more });

describe('a sweep of what is as it should be', () => {
  it('finds nothing', async () => {
    const good = await leave(pointRow('orders', at(15)));
    await leave(pointRow('orders', at(16), { verdict: 'partial', status: 'failed' }));
    await leave(pointRow('orders', at(16), { run: 'failed', verdict: undefined, status: 'failed' }));
    await leave(openRun('committing', running));
    await put(restoreRow(null, { ...restoreKey({ source: 'orders', run: 'restored', startedAt: at(16) }) }));
    await put(testRow(null, { ...restoreTestKey({ source: 'orders', run: 'tested', startedAt: at(16) }) }));
    await putObject(restoreTestResultKey(good, 'tested'), '{}');
    expect(await sweep(NOW)).toEqual([]);
  });
});

describe('a claim', () => {
  it('of a run whose execution is over is ended with its run; that of a living one stays', async () => {
    const dead = openRun('dead', over, { source: 'orders' });
    const living = { ...pointRow('other', at(18), { run: 'living', status: 'running', executionArn: running }) };
    for (const row of [dead, living]) {
      await put(row);
      await claimSource(row);
    }
    expect(await found('claim')).toEqual(['dead ended']);
    expect(await rowOf(dead)).toMatchObject({ status: 'failed', finishedAt: NOW.toISOString() });
    expect(await findRow(activeKey('orders'))).toBeUndefined();
    expect(await rowOf(living)).toMatchObject({ status: 'running' });
    expect(await findRow(activeKey('other'))).toMatchObject({ run: 'living' });
    expect(await found('claim')).toEqual([]);
  });

  it('of a run that never got a row is ended, and the run recorded', async () => {
    const rowless = openRun('rowless', over);
    await claimSource(rowless);
    expect(await found('claim')).toEqual(['orders ended']);
    expect(await rowOf(rowless)).toMatchObject({ status: 'failed' });
    expect(await findRow(activeKey('orders'))).toBeUndefined();
  });

  it('of a restore on its point is ended when its execution is over; that of a living one stays', async () => {
    const point = await leave(
      pointRow('orders', at(17), { run: 'restored-from', finishedAt: at(18), restores: new Set([over, running]) }),
    );
    const ref = { pk: point.pk, sk: point.sk, source: 'orders', run: point.run, startedAt: point.startedAt };
    const open = (row: RestoringRow, executionArn: string): object => ({
      ...row,
      ...{ executionArn, owner: executionArn, startedAt: at(17), status: 'running', finishedAt: undefined },
      plan: { ...row.plan, point: ref },
    });
    const dead = restoreKey({ source: 'orders', run: 'dead-restore', startedAt: at(17) });
    const living = restoreTestKey({ source: 'orders', run: 'living-test', startedAt: at(17) });
    await put(open(restoreRow(null, { ...dead, run: 'dead-restore' }), over));
    await put(open(testRow(null, { ...living, run: 'living-test' }), running));
    expect(await found('claim')).toEqual(['dead-restore ended']);
    const closed = await findRow(dead);
    expect(closed).toMatchObject({ status: 'failed', finishedAt: NOW.toISOString() });
    expect(closed).not.toHaveProperty('owner');
    expect(await findRow(living)).toMatchObject({ status: 'running', owner: running });
    expect((await rowOf(point)).restores).toEqual(new Set([running]));
  });
});

describe('a task', () => {
  const closed = (run: string, finishedAt: Date): RunRow =>
    openRun(run, over, { status: 'failed', finishedAt: finishedAt.toISOString() });

  it('whose run is closed is told to stop; one that has work to do goes on', async () => {
    const [left, working, unclaimed] = [closed('left', later(-11)), openRun('working', running), undefined];
    for (const row of [left, working]) await put(row);
    const [task, living, foreign] = await Promise.all([left, working, unclaimed].map(startTask));
    expect(await found('task')).toEqual([`${task} ended`]);
    await hasEnded(task ?? '');
    expect(await isMeantToRun(living ?? '')).toBe(true);
    expect(await isMeantToRun(foreign ?? '')).toBe(true);
    expect(await found('task')).toEqual([]);
  });

  it('whose run was closed a moment ago is left to end by itself', async () => {
    const row = closed('closing', NOW);
    await put(row);
    const task = await startTask(row);
    expect(await found('task', later(9))).toEqual([]);
    expect(await isMeantToRun(task)).toBe(true);
    expect(await found('task', later(11))).toEqual([`${task} ended`]);
    await hasEnded(task);
  });

  it('of a run whose execution is over goes with the next sweep, after its run was closed by this one', async () => {
    const row = openRun('abandoned', over);
    await put(row);
    const task = await startTask(row);
    expect(await found('task', later(20))).toEqual([]);
    expect(await found('task', later(80))).toEqual([`${task} ended`]);
    await hasEnded(task);
  });

  it('of a restore is judged by the row of the restore', async () => {
    const key = restoreKey({ source: 'orders', run: 'restore-left', startedAt: at(17) });
    await put(restoreRow(null, { ...key, status: 'aborted', finishedAt: at(18) }));
    const task = await startTask(key);
    expect(await found('task')).toEqual([`${task} ended`]);
    await hasEnded(task);
  });

  it('of a run that the table does not know is told of, and goes on', async () => {
    const task = await startTask(openRun('never-recorded', over));
    expect(await found('task')).toEqual([`${task} stays`]);
    expect(await isMeantToRun(task)).toBe(true);
  });
});

describe('an upload', () => {
  it('is aborted when it is older than a run can be, and not before', async () => {
    const Key = objectKey(openRun('uploading', running), 'orders', 1, 'archive.dump');
    await s3().send(new CreateMultipartUploadCommand({ Bucket: bucketName(), Key }));
    const open = async (): Promise<number> =>
      (await s3().send(new ListMultipartUploadsCommand({ Bucket: bucketName() }))).Uploads?.length ?? 0;
    const hoursOn = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);
    expect(await found('upload', hoursOn(26))).toEqual([]);
    expect(await open()).toBe(1);
    expect(await found('upload', hoursOn(28))).toEqual([`${Key} ended`]);
    expect(await open()).toBe(0);
  });
});

describe('objects', () => {
  it('of no run, and a point without its manifest, are told of; none of them is removed', async () => {
    const stray = pointRow('stray', at(14), { run: 'unknown' });
    await putObject(objectKey(stray, 'orders', 1, 'archive.dump'), 'x');
    const row = await leave(pointRow('stray', at(15), { run: 'no-manifest' }));
    await deleteObject(manifestKey(row));
    expect(await found('objects')).toEqual(['stray/2026/11/14/unknown/ stays']);
    expect(await found('point')).toEqual(['stray/2026/11/15/no-manifest/ stays']);
    expect(await versionsOf(stray)).toHaveLength(1);
    expect(await versionsOf(row)).toHaveLength(4);
  });

  it("of a failed run are retention's to remove, and told of when it has not done so", async () => {
    const ofFailing = async (now: Date): Promise<string[]> =>
      (await found('objects', now)).filter((line) => line.startsWith('failing/'));
    const failed = { verdict: undefined, status: 'failed' } as const;
    await leave(pointRow('failing', at(16), { run: 'failed', ...failed }));
    await leave(pointRow('failing', at(16), { run: 'held', ...failed, hold: { by: 'ann', why: 'audit', at: at(16) } }));
    expect(await ofFailing(NOW)).toEqual([]);
    await record(pointRow('failing', at(18), { run: 'verified', finishedAt: at(18) }));
    expect(await ofFailing(NOW)).toEqual([]);
    expect(await ofFailing(new Date(Date.parse(at(18)) + 27 * HOUR_MS))).toEqual(['failing/2026/11/16/failed/ stays']);
  });
});

describe('a snapshot', () => {
  it('whose point is removed is deleted; that of an unknown run is told of; those of others stay', async () => {
    // A tag may not have all that the name of an execution may.
    const removed = pointRow('orders', at(10), { run: "removed (don't ask!)", deletedAt: at(17) });
    await put(removed);
    const kept = await leave(pointRow('orders', at(11), { run: 'kept' }));
    const [{ identifier: ofRemoved }, { identifier: ofKept }] = [await snapshotOf(removed), await snapshotOf(kept)];
    await takeSnapshot('hf-unknown', { 'holdfast:stage': 'local', [RUN_TAG]: 'unknown' });
    await takeSnapshot('hf-elsewhere', { 'holdfast:stage': 'prod', [RUN_TAG]: 'unknown' });
    await takeSnapshot('by-hand', {});
    expect(await found('snapshot')).toEqual([`${ofRemoved} ended`, 'hf-unknown stays']);
    const left = await Promise.all(
      [ofRemoved, 'hf-unknown', ofKept, 'hf-elsewhere', 'by-hand'].map((name) => findSnapshot('instance', name)),
    );
    expect(left.map((snapshot) => snapshot !== undefined)).toEqual([false, true, true, true, true]);
  });
});

describe('what is left after a sweep', () => {
  it('is a line each in the log, and a number: what was ended is not in it', async () => {
    await claimSource(openRun('once-more', over));
    const written: string[] = [];
    const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const leftovers = await sweep(NOW).finally(() => {
      spy.mockRestore();
    });
    const lines = written.map((line) => JSON.parse(line) as Record<string, unknown>);
    const staying = leftovers.filter(({ isEnded }) => !isEnded);
    expect(staying.map(({ kind }) => kind).sort()).toEqual(['objects', 'point', 'point', 'snapshot', 'task']);
    expect(leftovers.length).toBeGreaterThan(staying.length);
    expect(lines.slice(0, -1)).toEqual(leftovers.map((leftover) => ({ message: 'leftover', ...leftover })));
    expect(lines.at(-1)).toMatchObject({ Stage: 'local', Leftovers: 3, PointsDamaged: 2 });
  });
});
