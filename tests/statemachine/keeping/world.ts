/** Table, bucket and RDS in the local emulator, with points that runs have left: for what keeps and removes them. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll } from '@jest/globals';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CreateDBInstanceCommand, CreateDBSnapshotCommand } from '@aws-sdk/client-rds';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo, rds, s3, sns } from '../../../aws/clients.ts';
import { bucketName, tableName } from '../../../aws/environment.ts';
import { getRun } from '../../../aws/run-store.ts';
import {
  latestKey,
  manifestKey,
  objectKey,
  runKey,
  runPrefix,
  runTag,
  RUN_TAG,
  snapshotIdentifier,
} from '../../../core/keys.ts';
import type { StoredObject } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { databaseDump, storedObject } from '../../unit/core/run-samples.ts';
import { FORGOTTEN, startGuardsWorld } from '../guards-world.ts';
import type { TestEmulator } from '../../e2e/local/test-emulator.ts';
import { stopAfterTests } from '../../e2e/support/stop-after-tests.ts';

/**
 * For the tests of a file: the world, with an instance that snapshots are taken of.
 * @param config text of the deployed holdfast.yml
 * @param prepare what the tests need besides
 */
export function shareKeepingWorld(
  config: string,
  prepare: (emulator: TestEmulator) => Promise<void> = () => Promise.resolve(),
): void {
  const keep = stopAfterTests();
  beforeAll(async () => {
    const emulator = await startGuardsWorld(keep);
    const taskRoot = await mkdtemp(join(tmpdir(), 'holdfast-keeping-'));
    await writeFile(join(taskRoot, 'holdfast.yml'), config);
    Object.assign(process.env, { HOLDFAST_BUCKET: 'backups', HOLDFAST_STAGE: 'local', LAMBDA_TASK_ROOT: taskRoot });
    await createBucket('backups', false);
    const { TopicArn } = await sns().send(new CreateTopicCommand({ Name: 'holdfast' }));
    process.env['HOLDFAST_TOPIC'] = TopicArn;
    await createInstance();
    await prepare(emulator);
  });
}

export const INSTANCE = 'orders-prod';

async function createInstance(): Promise<void> {
  await rds().send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: INSTANCE,
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      AllocatedStorage: 20,
      MasterUsername: 'postgres',
      MasterUserPassword: 'not-used-here',
    }),
  );
}

export async function takeSnapshot(identifier: string, tags: Readonly<Record<string, string>>): Promise<void> {
  await rds().send(
    new CreateDBSnapshotCommand({
      DBInstanceIdentifier: INSTANCE,
      DBSnapshotIdentifier: identifier,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
}

/** Takes the snapshot of a run, as its row would name it. */
export async function snapshotOf(row: RunRow): Promise<NonNullable<RunRow['snapshot']>> {
  const identifier = snapshotIdentifier(row);
  await takeSnapshot(identifier, {
    'holdfast:source': row.source,
    'holdfast:stage': 'local',
    [RUN_TAG]: runTag(row.run),
  });
  return { kind: 'instance', identifier, arn: `arn:${identifier}`, status: 'available', sizeGiB: 20, kmsKey: null };
}

/** Makes a versioned bucket and lets the functions use it. */
export async function createBucket(Bucket: string, objectLock: boolean): Promise<void> {
  await s3().send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: objectLock }));
  await s3().send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  process.env['HOLDFAST_BUCKET'] = Bucket;
}

/** The row of a verified run, not yet in the table. */
export function pointRow(source: string, startedAt: string, more: Partial<RunRow> = {}): RunRow {
  const id = {
    source,
    run: `run-${startedAt.slice(0, 19).replace(/\D/g, '')}`,
    startedAt,
    ...(more.run && { run: more.run }),
  };
  return {
    ...runKey(id),
    ...id,
    executionArn: FORGOTTEN,
    trigger: 'schedule',
    label: null,
    status: 'succeeded',
    verdict: 'verified',
    ...more,
  };
}

/** Stores a row with the objects that its run left, and names it as the newest verified where it is. */
export async function leave(row: RunRow, files: readonly string[] = ['archive.dump', 'roles.sql']): Promise<RunRow> {
  const objects: StoredObject[] = [];
  for (const file of files) {
    const key = objectKey(row, 'orders', 1, file);
    const versionId = await putObject(key, `${row.run} ${file}`);
    objects.push(storedObject(key, { versionId, role: file.startsWith('archive') ? 'archive' : 'roles' }));
  }
  const hasManifest = row.verdict !== undefined;
  if (hasManifest) await putObject(manifestKey(row), '{}');
  const stored = hasManifest && files.length > 0 ? { ...row, dumps: [databaseDump('orders', { objects })] } : row;
  await record(stored);
  return stored;
}

/** The row alone. */
export async function record(row: RunRow): Promise<void> {
  const rows = [row, ...(row.verdict === 'verified' ? [latestRow(row)] : [])];
  await dynamo().send(
    new BatchWriteCommand({ RequestItems: { [tableName()]: rows.map((Item) => ({ PutRequest: { Item } })) } }),
  );
}

function latestRow({ source, run, startedAt, sk }: RunRow): Record<string, unknown> {
  return { ...latestKey(source), run, startedAt, finishedAt: startedAt, runSk: sk };
}

/** @returns the version */
export async function putObject(Key: string, Body: string): Promise<string> {
  const { VersionId = '' } = await s3().send(new PutObjectCommand({ Bucket: bucketName(), Key, Body }));
  return VersionId;
}

/** Leaves a delete marker, as somebody who deletes without a version does. */
export async function deleteObject(Key: string): Promise<void> {
  await s3().send(new DeleteObjectCommand({ Bucket: bucketName(), Key }));
}

/** Keys of every version and delete marker below a run's prefix. */
export async function versionsOf(row: RunRow): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await s3().send(
    new ListObjectVersionsCommand({ Bucket: bucketName(), Prefix: runPrefix(row) }),
  );
  return [...Versions, ...DeleteMarkers].map(({ Key = '' }) => Key.slice(runPrefix(row).length)).sort();
}

export const rowOf = ({ pk, sk }: RunRow): Promise<RunRow> => getRun({ pk, sk });
