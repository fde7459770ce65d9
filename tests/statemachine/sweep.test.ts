import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { CreateDBInstanceCommand, CreateDBSnapshotCommand } from '@aws-sdk/client-rds';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { claimSource } from '../../aws/claims.ts';
import { dynamo, rds, s3 } from '../../aws/clients.ts';
import { bucketName, tableName } from '../../aws/environment.ts';
import { findRow } from '../../aws/run-store.ts';
import { findSnapshot } from '../../aws/snapshots.ts';
import { activeKey, manifestKey, objectKey } from '../../core/keys.ts';
import type { Leftover } from '../../core/leftovers.ts';
import { sweep } from '../../functions/sweep.ts';
import { executionThatIs } from './guards-world.ts';
import {
  deleteObject,
  leave,
  pointRow,
  putObject,
  rowOf,
  startKeepingWorld,
  versionsOf,
  type KeepingWorld,
} from './keeping-world.ts';

const CONFIG = `sources:
  orders: { rds: { instance: orders-prod }, connection: { secret: x } }
  other: { connection: { secret: x } }
`;

let world: KeepingWorld;
beforeAll(async () => {
  world = await startKeepingWorld(CONFIG);
}, 120_000);
afterAll(() => world.stop());

const NOW = new Date('2026-11-18T09:37:00Z');
const at = (day: number): string => `2026-11-${day}T02:30:00.000Z`;
const told = (leftovers: readonly Leftover[]): string[] =>
  leftovers.map(({ kind, what, isEnded }) => `${kind} ${what} ${isEnded ? 'ended' : 'stays'}`).sort();

describe('a sweep', () => {
  it('of what is as it should be finds nothing', async () => {
    await leave(pointRow('orders', at(15)));
    await leave(pointRow('orders', at(16), { verdict: 'partial', status: 'failed' }));
    await leave(pointRow('orders', at(16), { run: 'failed', verdict: undefined, status: 'failed' }));
    expect(await sweep(NOW)).toEqual([]);
  });

  it('ends a claim whose execution is over, and closes its run; a living one stays', async () => {
    const [failed, running] = [
      await executionThatIs(world.emulator, 'FAILED'),
      await executionThatIs(world.emulator, 'RUNNING'),
    ];
    const dead = pointRow('orders', at(18), {
      run: 'dead',
      status: 'running',
      verdict: undefined,
      executionArn: failed,
    });
    await dynamo().send(new PutCommand({ TableName: tableName(), Item: dead }));
    await claimSource(dead);
    await claimSource({ ...dead, source: 'other', run: 'alive', executionArn: running });
    expect(told(await sweep(NOW))).toEqual(['claim orders ended']);
    expect(await rowOf(dead)).toMatchObject({ status: 'failed', finishedAt: NOW.toISOString() });
    expect(await findRow(activeKey('orders'))).toBeUndefined();
    expect(await findRow(activeKey('other'))).toMatchObject({ run: 'alive' });
  });

  it('aborts uploads that are older than a run can be, and no others', async () => {
    const Key = objectKey({ source: 'orders', run: 'x', startedAt: at(18) }, 'orders', 1, 'archive.dump');
    await s3().send(new CreateMultipartUploadCommand({ Bucket: bucketName(), Key }));
    const open = async (): Promise<number> =>
      (await s3().send(new ListMultipartUploadsCommand({ Bucket: bucketName() }))).Uploads?.length ?? 0;
    const hoursOn = (hours: number): Date => new Date(Date.now() + hours * 3_600_000);
    expect(told(await sweep(hoursOn(26)))).toEqual([]);
    expect(await open()).toBe(1);
    expect(told(await sweep(hoursOn(28)))).toEqual([`upload ${Key} ended`]);
    expect(await open()).toBe(0);
  });

  it('tells of objects without a row and of a point without its manifest, and removes neither', async () => {
    const stray = pointRow('orders', at(14), { run: 'stray' });
    await putObject(objectKey(stray, 'orders', 1, 'archive.dump'), 'x');
    const row = await leave(pointRow('orders', at(15), { run: 'no-manifest' }));
    await deleteObject(manifestKey(row));
    expect(told(await sweep(NOW))).toEqual([
      'manifest orders/2026/11/15/no-manifest/ stays',
      'objects orders/2026/11/14/stray/ stays',
    ]);
    expect(await versionsOf(stray)).toHaveLength(1);
    expect(await versionsOf(row)).toHaveLength(4);
  });

  it('deletes a snapshot whose point is removed, tells of one that nobody knows, and leaves those of others', async () => {
    await rds().send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: 'orders-prod',
        DBInstanceClass: 'db.t4g.medium',
        Engine: 'postgres',
        AllocatedStorage: 20,
        MasterUsername: 'postgres',
        MasterUserPassword: 'not-used-here',
      }),
    );
    const take = (identifier: string, tags: Readonly<Record<string, string>>): Promise<unknown> =>
      rds().send(
        new CreateDBSnapshotCommand({
          DBInstanceIdentifier: 'orders-prod',
          DBSnapshotIdentifier: identifier,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
    const removed = pointRow('orders', at(10), { run: 'removed', deletedAt: at(17) });
    await dynamo().send(new PutCommand({ TableName: tableName(), Item: removed }));
    const kept = await leave(pointRow('orders', at(11), { run: 'kept' }));
    const here = { 'holdfast:stage': 'local' };
    await take('hf-removed', { ...here, 'holdfast:run': 'removed' });
    await take('hf-unknown', { ...here, 'holdfast:run': 'unknown' });
    await take('hf-kept', { ...here, 'holdfast:run': kept.run });
    await take('hf-elsewhere', { 'holdfast:stage': 'prod', 'holdfast:run': 'unknown' });
    await take('by-hand', {});
    const ofSnapshots = (await sweep(NOW)).filter(({ kind }) => kind === 'snapshot');
    expect(told(ofSnapshots)).toEqual(['snapshot hf-removed ended', 'snapshot hf-unknown stays']);
    const left = await Promise.all(
      ['hf-removed', 'hf-unknown', 'hf-kept', 'hf-elsewhere', 'by-hand'].map((name) => findSnapshot('instance', name)),
    );
    expect(left.map((snapshot) => snapshot !== undefined)).toEqual([false, true, true, true, true]);
  });
});
