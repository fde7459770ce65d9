/** The functions of the restore machines against table and bucket: marks, claims, thaws and results, each of them twice. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { PutObjectCommand, type StorageClass } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Context } from 'aws-lambda';
import { dynamo, s3 } from '../../aws/clients.ts';
import { closeFailedWork } from '../../aws/close-work.ts';
import { bucketName, tableName } from '../../aws/environment.ts';
import { beginAttempt, findRestore, findRestoreTest, findRow, recordOutcome, renewClaim } from '../../aws/run-store.ts';
import { objectKey, restoreKey, restoreTestKey, testedKey, type RowKey } from '../../core/keys.ts';
import type { StoredObject } from '../../core/manifest.ts';
import type { RestoreProgress } from '../../core/restore-record.ts';
import type { RunRow } from '../../core/run-record.ts';
import { handler as checkThaw } from '../../functions/check-thaw.ts';
import { handler as collectRestore } from '../../functions/collect-restore.ts';
import { handler as collectRestoreTest } from '../../functions/collect-restore-test.ts';
import { handler as planRestore } from '../../functions/plan-restore.ts';
import { handler as planRestoreTest } from '../../functions/plan-restore-test.ts';
import { handler as thawObjects } from '../../functions/thaw-objects.ts';
import { eventually } from '../e2e/local/mend-suite.ts';
import { restoreRow, restored, testOutcome } from '../unit/core/restore-samples.ts';
import { databaseDump } from '../unit/core/run-samples.ts';
import { pointRow, record, rowOf, shareKeepingWorld } from './keeping/world.ts';

const sourceOf = (name: string): string =>
  `  ${name}: { connection: { secret: s }, restoreTest: { cron: "0 6 1 * ? *", rto: 1h } }`;
const SOURCES = ['marked', 'claimed', 'frozen', 'gone', 'tested', 'lost', 'random', 'archived'];
shareKeepingWorld(`restoreTargets: { there: { secret: t } }\nsources:\n${SOURCES.map(sourceOf).join('\n')}\n`);

const NO_CONTEXT = {} as Context;
const STARTED_AT = '2025-11-22T10:00:00.000Z';
const PROGRESS: RestoreProgress = {
  phase: 'restoring',
  database: 'orders',
  databasesDone: 0,
  databasesDue: 1,
  bytesRead: 1,
  bytesDue: 2,
  at: STARTED_AT,
};

/** A verified point of a source with one object of that storage class. */
async function leavePoint(source: string, startedAt: string, storageClass?: StorageClass): Promise<RunRow> {
  const row = pointRow(source, startedAt);
  const Key = objectKey(row, 'orders', 1, 'archive.dump');
  const Body = Buffer.from(`archive of ${row.run}`);
  const { VersionId = '' } = await s3().send(
    new PutObjectCommand({
      ...{ Bucket: bucketName(), Key, Body, ChecksumAlgorithm: 'CRC32' },
      ...(storageClass && { StorageClass: storageClass }),
    }),
  );
  const object: StoredObject = {
    ...{ role: 'archive', key: Key, versionId: VersionId, sizeBytes: Body.length, sha256: 'ab'.repeat(32) },
    checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', value: crc32Of(Body) },
  };
  const left = { ...row, dumps: [databaseDump('orders', { objects: [object] })] };
  await record(left);
  return left;
}

function crc32Of(body: Buffer): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(body));
  return value.toString('base64');
}

interface Execution {
  readonly executionArn: string;
  readonly run: string;
  readonly startedAt: string;
  readonly input: object;
}

function execution(machine: 'restore' | 'restore-test', source: string, input: object = {}): Execution {
  const executionArn = `arn:aws:states:us-east-1:000000000000:execution:holdfast-local-${machine}:${source}`;
  const to = machine === 'restore' ? { to: { target: 'there' } } : {};
  return { executionArn, run: `${machine}-of-${source}`, startedAt: STARTED_AT, input: { source, ...to, ...input } };
}

const marksOf = async (point: RunRow): Promise<string[]> => [...((await rowOf(point)).restores ?? [])];

function refOf(started: Execution, source: string, key: RowKey): object {
  const { executionArn, run, startedAt } = started;
  return { source, run, startedAt, executionArn, ...key };
}

describe('PlanRestore', () => {
  it('marks its point once, however often it runs, and stays with it when a newer one is there', async () => {
    const point = await leavePoint('marked', '2025-11-20T02:30:00.000Z');
    const started = execution('restore', 'marked');
    const first = await planRestore(started, NO_CONTEXT);
    await leavePoint('marked', '2025-11-21T02:30:00.000Z');
    expect(await planRestore(started, NO_CONTEXT)).toEqual(first);
    expect(first).toMatchObject({ point: { run: point.run }, thaw: { objects: 0 } });
    expect(await marksOf(point)).toEqual([started.executionArn]);
  });

  it('leaves nothing where its point is being removed at that moment', async () => {
    const point = await leavePoint('gone', '2025-11-20T02:30:00.000Z');
    await dynamo().send(
      new UpdateCommand({
        ...{ TableName: tableName(), Key: { pk: point.pk, sk: point.sk } },
        ...{ UpdateExpression: 'SET deleting = :now', ExpressionAttributeValues: { ':now': STARTED_AT } },
      }),
    );
    const started = execution('restore', 'gone');
    await expect(planRestore(started, NO_CONTEXT)).rejects.toMatchObject({ name: 'RecoveryPointNotFound' });
    expect(await findRestore(restoreKey({ source: 'gone', run: started.run, startedAt: STARTED_AT }))).toBeUndefined();
  });
});

describe('a worker of a restore', () => {
  it('holds the claim in its own row until that is closed, and its point is free then', async () => {
    const point = await leavePoint('claimed', '2025-11-20T02:30:00.000Z');
    const started = execution('restore', 'claimed');
    await planRestore(started, NO_CONTEXT);
    const key = restoreKey({ source: 'claimed', run: started.run, startedAt: STARTED_AT });
    const row = await findRestore(key);
    if (!row) throw new Error('PlanRestore left no row');
    expect(await beginAttempt(row)).toBe(1);
    expect(await renewClaim(row, 1, PROGRESS)).toBe('held');
    expect(await beginAttempt(row)).toBe(2);
    expect(await renewClaim(row, 1, PROGRESS)).toBe('refused');

    const { executionArn, run } = started;
    const work = {
      kind: 'restore',
      source: 'claimed',
      run,
      startedAt: STARTED_AT,
      executionArn,
      trigger: 'cli',
      label: null,
    } as const;
    const failure = { code: 'Cancelled', message: 'stopped' } as const;
    const closed = await closeFailedWork(work, { status: 'aborted', failure, finishedAt: STARTED_AT });
    expect(closed).toMatchObject({ status: 'aborted', failure });
    expect(await renewClaim(row, 2, PROGRESS)).toBe('refused');
    await expect(beginAttempt(row)).rejects.toMatchObject({ name: 'Cancelled' });
    const { outcome } = restoreRow({});
    expect(outcome && (await recordOutcome(row, outcome))).toBe(false);
    expect(await marksOf(point)).toEqual([]);
  });
});

describe('archived objects', () => {
  it('are estimated, thawed however often that is asked for, and readable in the end', async () => {
    await leavePoint('frozen', '2025-11-20T02:30:00.000Z', 'GLACIER');
    const started = execution('restore', 'frozen');
    const planned = (await planRestore(started, NO_CONTEXT)) as object;
    expect(planned).toMatchObject({
      thaw: { objects: 1, hours: 5, summary: expect.stringContaining('up to 5 h and costs less than $0.01') },
    });
    expect(await checkThaw(planned, NO_CONTEXT)).toEqual({ objectsFrozen: 1 });
    await thawObjects(planned, NO_CONTEXT);
    await thawObjects(planned, NO_CONTEXT);
    await eventually(async () => {
      const { objectsFrozen } = (await checkThaw(planned, NO_CONTEXT)) as { objectsFrozen: number };
      return objectsFrozen === 0 || undefined;
    });
  });

  it('are not thawed by a test', async () => {
    await leavePoint('frozen', '2025-11-21T02:30:00.000Z', 'DEEP_ARCHIVE');
    await expect(planRestoreTest(execution('restore-test', 'frozen'), NO_CONTEXT)).rejects.toMatchObject({
      name: 'Untestable',
      message: expect.stringContaining('is archived'),
    });
  });
});

describe('a test of a random point', () => {
  const DAYS = ['18', '19', '20', '21'].map((day) => `2025-11-${day}T02:30:00.000Z`);

  const tested = async (run: string, window: string): Promise<string> => {
    const started = { ...execution('restore-test', 'random', { window }), run };
    const { point } = (await planRestoreTest(started, NO_CONTEXT)) as { point: { startedAt: string } };
    return point.startedAt;
  };

  it('takes any of its window that can be read, and the same when it runs again', async () => {
    for (const day of DAYS) await leavePoint('random', day, day === DAYS[2] ? 'GLACIER' : undefined);
    const found = new Set<string>();
    for (let n = 0; n < 24; n++) found.add(await tested(`random-${n}`, '4d'));
    // The first is older than the window, the third archived; that 24 tests miss one of two is one chance in eight millions.
    expect([...found].sort()).toEqual([DAYS[1], DAYS[3]]);
    const again = await Promise.all(Array.from({ length: 5 }, () => tested('random-0', '4d')));
    expect(new Set(again).size).toBe(1);
  });

  it('is refused where all of them are archived', async () => {
    await leavePoint('archived', DAYS[3] ?? '', 'GLACIER');
    const started = execution('restore-test', 'archived', { window: '4d' });
    await expect(planRestoreTest(started, NO_CONTEXT)).rejects.toMatchObject({
      name: 'Untestable',
      message: expect.stringContaining('since 2025-11-18 10:00:00 UTC is archived'),
    });
  });
});

describe('CollectRestore', () => {
  it.each([
    ['no outcome', null, 'WorkerDied'],
    ['a failure', { failure: { code: 'RestoreFailed', message: 'x' } as const }, 'RestoreFailed'],
    ['a target that is partial', { targetState: 'partial' as const }, 'UnexpectedError'],
    ['nothing compared', { restored: restored({ compared: null }) }, 'UnexpectedError'],
  ])('of %s is no success', async (title, outcome, code) => {
    await leavePoint('lost', '2025-11-20T02:30:00.000Z');
    const started = { ...execution('restore', 'lost'), run: title.replaceAll(' ', '-') };
    const planned = (await planRestore(started, NO_CONTEXT)) as RowKey;
    const row = restoreRow(outcome);
    if (row.outcome) expect(await recordOutcome(planned, row.outcome)).toBe(true);
    await expect(collectRestore(planned, NO_CONTEXT)).rejects.toMatchObject({ name: code });
    expect(await findRow(planned)).toMatchObject({ status: 'running' });
  });
});

describe('CollectRestoreTest', () => {
  it('records a result once, however often it runs', async () => {
    const point = await leavePoint('tested', '2025-11-20T02:30:00.000Z');
    const started = execution('restore-test', 'tested');
    await planRestoreTest(started, NO_CONTEXT);
    expect(await marksOf(point)).toEqual([started.executionArn]);
    const key = restoreTestKey({ source: 'tested', run: started.run, startedAt: STARTED_AT });
    await recordOutcome(key, testOutcome({ seconds: 4000 }));
    const event = refOf(started, 'tested', key);
    const collected = await collectRestoreTest(event, NO_CONTEXT);
    expect(collected).toEqual({ seconds: 4000, rtoExceeded: true, checks: 1 });
    expect(await collectRestoreTest(event, NO_CONTEXT)).toEqual(collected);
    expect((await rowOf(point)).restoreTests).toMatchObject([{ run: started.run, outcome: 'passed', seconds: 4000 }]);
    expect(await marksOf(point)).toEqual([]);
    expect(await findRestoreTest(key)).toMatchObject({ status: 'succeeded' });
  });

  it('keeps when a test last passed, when one does not', async () => {
    const before = (await findRow(testedKey('tested'))) as { passedAt: string };
    const started = { ...execution('restore-test', 'tested'), run: 'second' };
    await planRestoreTest(started, NO_CONTEXT);
    const key = restoreTestKey({ source: 'tested', run: 'second', startedAt: STARTED_AT });
    await expect(collectRestoreTest(refOf(started, 'tested', key), NO_CONTEXT)).rejects.toMatchObject({
      name: 'WorkerDied',
    });
    expect(await findRow(testedKey('tested'))).toMatchObject({ outcome: 'failed', passedAt: before.passedAt });
  });
});
