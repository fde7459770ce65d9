/**
 * What the row of a run says while something of it is removed: first that it goes, then that it is gone. So a removal
 * that was interrupted never leaves a row that promises what is no longer there.
 */
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { latestKey, type RowKey } from '../core/keys.ts';
import type { RunRow } from '../core/run-record.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

/** What protects a run from being removed, asked for in the same moment in which it is marked. */
const IS_FREE =
  '#status <> :running AND attribute_not_exists(#hold) AND attribute_not_exists(restores) AND attribute_not_exists(deletedAt)';

/**
 * Marks a run whose objects are about to go.
 * @returns false when it is protected meanwhile, or when no later point of its source is verified
 */
export async function markDeleting(row: RunRow, reasons: readonly string[], now: string): Promise<boolean> {
  // A snapshot without a dump is no verified point: it must only not be the newest itself.
  const later = row.verdict === 'snapshot-only' ? 'runSk <> :sk' : 'runSk > :sk';
  try {
    await dynamo().send(
      new TransactWriteCommand({
        TransactItems: [
          {
            ConditionCheck: {
              TableName: tableName(),
              Key: latestKey(row.source),
              ConditionExpression: `attribute_exists(pk) AND ${later}`,
              ExpressionAttributeValues: { ':sk': row.sk },
            },
          },
          {
            Update: {
              TableName: tableName(),
              Key: keyOf(row),
              UpdateExpression: 'SET deleting = if_not_exists(deleting, :now), removalReasons = :reasons',
              ConditionExpression: IS_FREE,
              ExpressionAttributeNames: { '#status': 'status', '#hold': 'hold' },
              ExpressionAttributeValues: { ':now': now, ':reasons': reasons, ':running': 'running' },
            },
          },
        ],
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && isRefusal(error)) return false;
    throw error;
  }
}

function isRefusal({ CancellationReasons = [] }: TransactionCanceledException): boolean {
  return CancellationReasons.some(({ Code }) => Code === 'ConditionalCheckFailed');
}

/** Nothing is left but what the run was. */
export async function markDeleted(row: RunRow, now: string): Promise<void> {
  await update(
    row,
    `SET deletedAt = :now${row.verdict ? ', deletedVerdict = if_not_exists(deletedVerdict, :verdict)' : ''} ` +
      'REMOVE deleting, snapshotDeleting, verdict, dumps, verification, #snapshot, #plan, outcome',
    { '#snapshot': 'snapshot', '#plan': 'plan' },
    { ':now': now, ...(row.verdict && { ':verdict': row.verdict }) },
  );
}

/** The objects are gone, the snapshot is still there. */
export async function markDumpDeleted(row: RunRow, now: string): Promise<void> {
  await update(
    row,
    'SET dumpDeletedAt = :now, deletedVerdict = if_not_exists(deletedVerdict, :verdict), verdict = :alone ' +
      'REMOVE deleting, dumps, verification',
    {},
    { ':now': now, ':verdict': row.verdict ?? 'partial', ':alone': 'snapshot-only' },
  );
}

/** @returns false when the run is protected meanwhile */
export async function markSnapshotDeleting(row: RunRow, reasons: readonly string[], now: string): Promise<boolean> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: keyOf(row),
        UpdateExpression: 'SET snapshotDeleting = if_not_exists(snapshotDeleting, :now), removalReasons = :reasons',
        ConditionExpression: IS_FREE,
        ExpressionAttributeNames: { '#status': 'status', '#hold': 'hold' },
        ExpressionAttributeValues: { ':now': now, ':reasons': reasons, ':running': 'running' },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export async function markSnapshotDeleted(row: RunRow, now: string): Promise<void> {
  await update(
    row,
    'SET snapshotDeletedAt = :now, #snapshot = :none REMOVE snapshotDeleting',
    { '#snapshot': 'snapshot' },
    { ':now': now, ':none': null },
  );
}

/** Forgets restores whose execution is over, so that they protect nothing any longer. */
export async function forgetRestores(row: RunRow, executionArns: readonly string[]): Promise<void> {
  await update(row, 'DELETE restores :over', {}, { ':over': new Set(executionArns) });
}

async function update(
  row: RunRow,
  UpdateExpression: string,
  names: Record<string, string>,
  values: Record<string, unknown>,
): Promise<void> {
  await dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: keyOf(row),
      UpdateExpression,
      ConditionExpression: 'attribute_exists(pk)',
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
      ExpressionAttributeValues: values,
    }),
  );
}

const keyOf = ({ pk, sk }: RowKey): RowKey => ({ pk, sk });
