/**
 * What the row of a run says while something of it is removed: first that it goes, then that it is gone. So a removal
 * that was interrupted never leaves a row that promises what is no longer there.
 */
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { latestKey } from '../core/keys.ts';
import type { PointRow } from '../core/retention/recovery-point.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

const IS_CHANGED = 'somebody has held, accepted, begun to restore or removed it since the plan was made';
const IS_LAST = 'no later point is verified';

/** What protects a run from being removed, and that it is what the plan saw: asked in the moment in which it is marked. */
function markOf({ pk, sk, verdict, accepted }: PointRow, UpdateExpression: string, values: Record<string, unknown>) {
  return {
    TableName: tableName(),
    Key: { pk, sk },
    UpdateExpression,
    ConditionExpression: [
      '#status <> :running',
      'attribute_not_exists(#hold)',
      'attribute_not_exists(restores)',
      'attribute_not_exists(deletedAt)',
      verdict === undefined ? 'attribute_not_exists(verdict)' : 'verdict = :verdict',
      `attribute_${accepted === undefined ? 'not_' : ''}exists(accepted)`,
    ].join(' AND '),
    ExpressionAttributeNames: { '#status': 'status', '#hold': 'hold' },
    ExpressionAttributeValues: { ...values, ':running': 'running', ...(verdict && { ':verdict': verdict }) },
  };
}

/**
 * Marks a run whose objects are about to go.
 * @param row as the plan saw it
 * @returns why it may not go; undefined: it is marked
 */
export async function markDeleting(
  row: PointRow,
  reasons: readonly string[],
  now: string,
): Promise<string | undefined> {
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
            Update: markOf(row, 'SET deleting = if_not_exists(deleting, :now), removalReasons = :reasons', {
              ':now': now,
              ':reasons': reasons,
            }),
          },
        ],
      }),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const [isLast, isChanged] = (error.CancellationReasons ?? []).map(({ Code }) => Code === 'ConditionalCheckFailed');
    if (isLast === true) return IS_LAST;
    if (isChanged === true) return IS_CHANGED;
    throw error;
  }
}

/** Nothing is left but what the run was. */
export async function markDeleted(row: PointRow, now: string): Promise<void> {
  await update(
    row,
    `SET deletedAt = :now${row.verdict ? ', deletedVerdict = if_not_exists(deletedVerdict, :verdict)' : ''} ` +
      'REMOVE deleting, snapshotDeleting, verdict, dumps, verification, #snapshot, #plan, outcome',
    { '#snapshot': 'snapshot', '#plan': 'plan' },
    { ':now': now, ...(row.verdict && { ':verdict': row.verdict }) },
  );
}

/** The objects are gone, the snapshot is still there. */
export async function markDumpDeleted(row: PointRow, now: string): Promise<void> {
  await update(
    row,
    'SET dumpDeletedAt = :now, deletedVerdict = if_not_exists(deletedVerdict, :verdict), verdict = :alone ' +
      'REMOVE deleting, dumps, verification',
    {},
    { ':now': now, ':verdict': row.verdict ?? 'partial', ':alone': 'snapshot-only' },
  );
}

/** @returns why it may not go; undefined: it is marked */
export async function markSnapshotDeleting(
  row: PointRow,
  reasons: readonly string[],
  now: string,
): Promise<string | undefined> {
  const update = 'SET snapshotDeleting = if_not_exists(snapshotDeleting, :now), removalReasons = :reasons';
  try {
    await dynamo().send(new UpdateCommand(markOf(row, update, { ':now': now, ':reasons': reasons })));
    return undefined;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return IS_CHANGED;
    throw error;
  }
}

export async function markSnapshotDeleted(row: PointRow, now: string): Promise<void> {
  await update(
    row,
    'SET snapshotDeletedAt = :now, #snapshot = :none REMOVE snapshotDeleting',
    { '#snapshot': 'snapshot' },
    { ':now': now, ':none': null },
  );
}

/** Forgets restores whose execution is over, so that they protect nothing any longer. */
export async function forgetRestores(row: PointRow, executionArns: readonly string[]): Promise<void> {
  await update(row, 'DELETE restores :over', {}, { ':over': new Set(executionArns) });
}

/** A row that is a tombstone already stays as it is: another run of retention has removed all of it meanwhile. */
async function update(
  { pk, sk }: PointRow,
  UpdateExpression: string,
  names: Record<string, string>,
  values: Record<string, unknown>,
): Promise<void> {
  const command = new UpdateCommand({
    TableName: tableName(),
    Key: { pk, sk },
    UpdateExpression,
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(deletedAt)',
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ExpressionAttributeValues: values,
  });
  try {
    await dynamo().send(command);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
