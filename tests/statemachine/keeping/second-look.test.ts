/** What retention finds out between its plan and a removal: about the point, about those that stay, about the bucket. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo, rds, s3 } from '../../../aws/clients.ts';
import { bucketName, tableName } from '../../../aws/environment.ts';
import { markDeleted, markDumpDeleted } from '../../../aws/removal-marks.ts';
import { acceptPoint } from '../../../aws/remarks.ts';
import { manifestKey, objectKey, restoreTestResultKey, runPrefix } from '../../../core/keys.ts';
import type { RunRow } from '../../../core/run-record.ts';
import type { Removal } from '../../../core/retention-steps.ts';
import { applyRemovals } from '../../../functions/apply-retention.ts';
import { planSource } from '../../../functions/plan-retention.ts';
import { planOf } from '../../unit/core/run-samples.ts';
import {
  apply,
  CONFIG,
  left,
  leftNewest,
  night,
  NOW,
  removal,
  rowOfNight,
  runRetention,
  sourceName,
  useSourceForEachTest,
} from './retention-scene.ts';
import {
  createBucket,
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

shareKeepingWorld(CONFIG);
useSourceForEachTest();

const planned = async (): Promise<Removal[]> => (await planSource(sourceName(), false, NOW)).removals;
const remark = { by: 'ann', why: 'it is good', at: night(18) };

const setAttribute = ({ pk, sk }: RunRow, name: string, value: unknown): Promise<unknown> =>
  dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: { pk, sk },
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  );

/** Deletes every version, as somebody does who wants it gone. */
async function wipe(row: RunRow): Promise<void> {
  const { Versions = [] } = await s3().send(
    new ListObjectVersionsCommand({ Bucket: bucketName(), Prefix: runPrefix(row) }),
  );
  for (const { Key, VersionId } of Versions) {
    await s3().send(new DeleteObjectCommand({ Bucket: bucketName(), Key, VersionId }));
  }
}

/** Calls something in the moment in which a client of AWS is about to send such a command for the first time. */
async function just<T>(before: RegExp, act: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  let isDone = false;
  const clients = [dynamo(), s3(), rds()] as unknown as S3Client[];
  for (const client of clients) {
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (!isDone && before.test(commandName ?? '')) {
            isDone = true;
            await act();
          }
          return next(args);
        },
      { name: 'just', step: 'initialize' },
    );
  }
  return work().finally(() => {
    for (const client of clients) client.middlewareStack.remove('just');
  });
}

describe('a point of which a person has said something since the plan', () => {
  /** Suspect, and so old that nobody is waited for any more. */
  const leftSuspect = (): Promise<RunRow> =>
    leave(pointRow(sourceName(), '2026-10-01T02:30:00.000Z', { verdict: 'suspect', status: 'failed' }));

  it('stays when it was accepted', async () => {
    const [suspect] = [await leftSuspect(), await left(18)];
    const removals = await planned();
    expect(removals).toMatchObject([{ sk: suspect.sk }]);
    await acceptPoint(tableName(), await rowOf(suspect), remark);
    expect(await apply(...removals)).toMatchObject({
      removed: 0,
      kept: [{ why: 'last 2 of 2', isInterrupted: false }],
    });
    expect(await versionsOf(suspect)).toHaveLength(3);
  });

  it('stays when it is accepted in the moment before it is marked', async () => {
    const suspect = await leftSuspect();
    await left(18);
    const accept = async (): Promise<void> => acceptPoint(tableName(), await rowOf(suspect), remark);
    const applied = await just(/^TransactWrite/, accept, runRetention);
    expect(applied).toMatchObject({ removed: 0, kept: [{ why: expect.stringMatching(/accepted.* since the plan/) }] });
    expect(await rowOf(suspect)).not.toHaveProperty('deleting');
    expect(await versionsOf(suspect)).toHaveLength(3);
  });

  it('stays when it is held in that moment', async () => {
    const row = await left(15);
    await leftNewest();
    const applied = await just(/^TransactWrite/, () => setAttribute(row, 'hold', remark), runRetention);
    expect(applied).toMatchObject({ removed: 0, keptTotal: 1 });
    expect(await versionsOf(row)).toHaveLength(3);
  });
});

describe('an old plan that is carried out late', () => {
  it('removes nothing of a source that has become stale', async () => {
    const row = await left(15);
    await leftNewest();
    const removals = await planned();
    const late = new Date('2026-11-28T09:00:00Z');
    expect(await applyRemovals({ source: sourceName(), removals }, () => late)).toMatchObject({
      removed: 0,
      kept: [{ why: expect.stringMatching(/^nothing goes: the newest verified point is/) }],
    });
    expect(await versionsOf(row)).toHaveLength(3);
  });

  it('removes no dump where only the snapshot would go now', async () => {
    const row = rowOfNight(17);
    await leave({ ...row, snapshot: await snapshotOf(row) });
    const newest = rowOfNight(18);
    await leave({ ...newest, snapshot: await snapshotOf(newest) });
    expect(await apply(removal(row, 'remove'))).toMatchObject({ removed: 0, kept: [{ why: /the plan has changed/ }] });
    expect(await versionsOf(row)).toHaveLength(3);
  });
});

describe('points that stay', () => {
  const refusal = (row: RunRow, lost = runPrefix(row)): object => ({
    code: 'RetentionRefused',
    message: expect.stringContaining(`nothing is removed: run ${row.run}, which stays, has lost ${lost}`),
  });

  it('are looked at before anything goes: without their data all others stay', async () => {
    const old = [await left(14), await left(15), await left(16)];
    const newest = await leftNewest();
    for (const row of [rowOfNight(17), newest]) await wipe(row);
    await expect(runRetention()).rejects.toMatchObject(refusal(newest));
    expect((await Promise.all(old.map(versionsOf))).flat()).toHaveLength(9);
    expect(await rowOf(old[0] ?? newest)).not.toHaveProperty('deleting');
  });

  it.each([
    ['the manifest', (row: RunRow) => deleteObject(manifestKey(row))],
    ['an object, by a delete marker', (row: RunRow) => deleteObject(objectKey(row, 'orders', 1, 'roles.sql'))],
    [
      'an object, by another over it',
      (row: RunRow) =>
        s3().send(
          new PutObjectCommand({ Bucket: bucketName(), Key: objectKey(row, 'orders', 1, 'archive.dump'), Body: 'x' }),
        ),
    ],
  ])('and have lost %s protect the others', async (_what, lose) => {
    const old = await left(15);
    await left(18);
    const second = await left(17);
    await lose(second);
    await expect(runRetention()).rejects.toMatchObject(refusal(second));
    expect(await versionsOf(old)).toHaveLength(3);
  });

  it('and are rows alone protect the others', async () => {
    const old = [await left(15), await left(16)];
    await left(17);
    const invented = pointRow(sourceName(), '2026-11-18T05:00:00.000Z', { run: 'invented' });
    await record(invented);
    await expect(runRetention()).rejects.toMatchObject(refusal(invented, 'every object'));
    expect((await Promise.all(old.map(versionsOf))).flat()).toHaveLength(6);
  });
});

describe('one removal that fails', () => {
  it('keeps no other, and fails the source in the end', async () => {
    const [first, second] = [rowOfNight(14), await left(15)];
    const newest = rowOfNight(18);
    await leave({ ...first, snapshot: await snapshotOf(first) });
    await left(17);
    await leave({ ...newest, snapshot: await snapshotOf(newest) });
    const refuse = (): Promise<never> =>
      Promise.reject(
        Object.assign(new Error('not authorized to perform: rds:DeleteDBSnapshot'), { name: 'AccessDenied' }),
      );
    await expect(just(/^DeleteDBSnapshot/, refuse, runRetention)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringMatching(/^the removal of RUN#.*14T.* failed, 1 succeeded: .*rds:DeleteDBSnapshot/),
    });
    expect(await rowOf(second)).toMatchObject({ deletedAt: NOW.toISOString() });
    expect(await runRetention()).toMatchObject({ removed: 1 });
    expect(await rowOf(first)).toMatchObject({ deletedAt: NOW.toISOString() });
  });

  it('is not that of a row whose plan and dumps have the shape of another version', async () => {
    const rows = [await left(14), await left(15)];
    for (const row of rows) await setAttribute(row, 'plan', { ...planOf('orders'), dump: { jobs: 'many' } });
    await setAttribute(rows[0] ?? rowOfNight(14), 'dumps', 'elsewhere');
    await leftNewest();
    expect(await runRetention()).toMatchObject({ removed: 2 });
    expect((await Promise.all(rows.map(versionsOf))).flat()).toEqual([]);
  });

  it('does not lie behind a row that cannot be read, of which nothing goes', async () => {
    const [broken, old] = [await left(14), await left(15)];
    await leftNewest();
    const removals = await planned();
    await setAttribute(broken, 'verdict', 'splendid');
    expect(await apply(...removals)).toMatchObject({ removed: 1, kept: [{ why: 'its row cannot be read' }] });
    expect([await versionsOf(broken), await versionsOf(old)].map(({ length }) => length)).toEqual([3, 0]);
  });
});

describe('two runs of retention at once', () => {
  it('leave a tombstone that says nothing else', async () => {
    const row = await left(15);
    await markDeleted(row, NOW.toISOString());
    const tombstone = await rowOf(row);
    await markDumpDeleted(row, NOW.toISOString());
    expect(await rowOf(row)).toEqual(tombstone);
  });
});

describe('a bucket with Object Lock', () => {
  beforeAll(() => createBucket('locked-backups', true));

  const holdObject = (Key: string): Promise<unknown> =>
    s3().send(new PutObjectLegalHoldCommand({ Bucket: bucketName(), Key, LegalHold: { Status: 'ON' } }));

  it.each([
    ['the result of a later restore test', {}, (row: RunRow) => restoreTestResultKey(row, 'test-1')],
    [
      'a stray object of a failed run',
      { verdict: undefined, status: 'failed' },
      (row: RunRow) => objectKey(row, 'orders', 2, 'archive.dump'),
    ],
  ] as const)('keeps a point whole for %s that is locked', async (_what, more, keyOf) => {
    const row = await left(15, more);
    await putObject(keyOf(row), '{}');
    await holdObject(keyOf(row));
    await leftNewest();
    const before = await versionsOf(row);
    expect(await runRetention()).toMatchObject({ removed: 0, kept: [{ why: 'under a legal hold of S3' }] });
    expect(await versionsOf(row)).toEqual(before);
    expect(await rowOf(row)).not.toHaveProperty('deleting');
  });

  it('does not keep younger points for the sake of many old ones that S3 protects', async () => {
    for (let index = 0; index < 55; index++) {
      const startedAt = new Date(Date.parse(night(1)) - index * 86_400_000).toISOString();
      const row = await leave(pointRow(sourceName(), startedAt), []);
      await holdObject(manifestKey(row));
    }
    const young = [await left(14), await left(15)];
    await leftNewest();
    expect(await runRetention()).toMatchObject({ removed: 2, postponed: 0, keptTotal: 55 });
    expect((await Promise.all(young.map(versionsOf))).flat()).toEqual([]);
  });
});
