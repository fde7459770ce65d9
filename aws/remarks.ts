/** What a person says of a recovery point: hold it, release it, accept it although it is suspect. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { HoldfastError } from '../core/errors.ts';
import { latestKey, manifestKey } from '../core/keys.ts';
import type { Remark, RunRow } from '../core/run-record.ts';
import { dynamo, s3 } from './clients.ts';
import { hasObjectLock } from './object-lock.ts';

/** Nothing of the point is removed from now on. @throws InvalidInput when its removal has begun */
export async function holdPoint(table: string, row: RunRow, hold: Remark): Promise<void> {
  await updateKept(table, row, 'SET #hold = :hold', { '#hold': 'hold' }, { ':hold': hold });
}

/** @throws InvalidInput when the point is removed */
export async function releasePoint(table: string, row: RunRow): Promise<void> {
  await updateKept(table, row, 'REMOVE #hold', { '#hold': 'hold' }, {});
}

/**
 * From now on the point counts as verified; where none newer is, it is the newest verified one. May be repeated.
 * @throws InvalidInput when it is not suspect, or is removed
 */
export async function acceptPoint(table: string, row: RunRow, accepted: Remark): Promise<void> {
  if (row.verdict !== 'suspect') {
    throw new HoldfastError(
      'InvalidInput',
      `run ${row.run} is ${row.verdict ?? row.status}: only a suspect point can be accepted`,
    );
  }
  await updateKept(table, row, 'SET accepted = :accepted', {}, { ':accepted': accepted });
  const { source, run, startedAt, finishedAt, sk } = row;
  const put = new PutCommand({
    TableName: table,
    Item: { ...latestKey(source), run, startedAt, finishedAt, runSk: sk },
    ConditionExpression: 'attribute_not_exists(pk) OR runSk < :sk',
    ExpressionAttributeValues: { ':sk': sk },
  });
  await unlessRefused(dynamo().send(put), () => undefined);
}

async function updateKept(
  table: string,
  { pk, sk, run }: RunRow,
  UpdateExpression: string,
  names: Record<string, string>,
  values: Record<string, unknown>,
): Promise<void> {
  const update = new UpdateCommand({
    TableName: table,
    Key: { pk, sk },
    UpdateExpression,
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(deleting) AND attribute_not_exists(deletedAt)',
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  });
  await unlessRefused(dynamo().send(update), () => {
    throw new HoldfastError('InvalidInput', `run ${run} is being removed by retention, or is removed already`);
  });
}

async function unlessRefused(write: Promise<unknown>, refused: () => void): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    refused();
  }
}

/**
 * Sets or lifts S3's own legal hold on every object of a point that is still there, where the bucket can.
 * @returns of how many objects; 0: the bucket has no Object Lock, or the point no object
 */
export async function setLegalHold(bucket: string, row: RunRow, status: 'ON' | 'OFF'): Promise<number> {
  if (!(await hasObjectLock(bucket))) return 0;
  const objects = (row.dumps ?? []).flatMap((dump) => dump.objects);
  let count = 0;
  for (const { key, versionId } of [{ key: manifestKey(row), versionId: null }, ...objects]) {
    const command = new PutObjectLegalHoldCommand({
      Bucket: bucket,
      Key: key,
      ...(versionId !== null && { VersionId: versionId }),
      LegalHold: { Status: status },
    });
    if (await isThere(s3().send(command))) count += 1;
  }
  return count;
}

/** A snapshot may outlive the dump that was made with it. */
async function isThere(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && /^NoSuch(Key|Version)$/.test(error.name)) return false;
    throw error;
  }
}
