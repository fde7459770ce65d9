/** Rows of restores and restore tests, and the mark on the recovery point that they read, which must not go meanwhile. */
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, UpdateCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { HoldfastError } from '../core/errors.ts';
import type { RowKey } from '../core/keys.ts';
import type { PointRef, RestorePlan, RestoreRow, RestoreTestPlan, RestoreTestRow } from '../core/restore-record.ts';
import type { RunRef } from '../core/steps.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

/** What is to be done, as it was planned. */
type PlannedWork =
  | (Pick<RestoreRow, 'kind' | 'trigger'> & { readonly plan: RestorePlan })
  | (Pick<RestoreTestRow, 'kind' | 'trigger'> & { readonly plan: RestoreTestPlan });
type PlannedRow = (RestoreRow | RestoreTestRow) & { readonly plan: { readonly point: PointRef } };
type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * Opens the row and marks its recovery point, both or neither. A row that is there already stays as it is.
 * @throws RecoveryPointNotFound when the point is being removed
 */
export async function openRestore(
  { pk, sk, source, run, startedAt, executionArn }: RunRef,
  work: PlannedWork,
): Promise<void> {
  const { point } = work.plan;
  const opened = { status: 'running', owner: executionArn, attempt: 0 } as const;
  const row: PlannedRow = { pk, sk, source, run, startedAt, executionArn, ...opened, ...work };
  const putRow: TransactItem = {
    Put: { TableName: tableName(), Item: row, ConditionExpression: 'attribute_not_exists(pk)' },
  };
  const markPoint: TransactItem = {
    Update: {
      TableName: tableName(),
      Key: { pk: point.pk, sk: point.sk },
      UpdateExpression: 'ADD restores :execution',
      ConditionExpression:
        'attribute_exists(pk) AND attribute_not_exists(deleting) AND attribute_not_exists(deletedAt) AND attribute_not_exists(dumpDeletedAt)',
      ExpressionAttributeValues: { ':execution': new Set([executionArn]) },
    },
  };
  try {
    await dynamo().send(new TransactWriteCommand({ TransactItems: [putRow, markPoint] }));
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const [put, mark] = (error.CancellationReasons ?? []).map(({ Code }) => Code === 'ConditionalCheckFailed');
    // This state ran before: its row is there, and the point was marked with it.
    if (put === true) return;
    if (mark !== true) throw error;
    throw new HoldfastError('RecoveryPointNotFound', `recovery point ${point.run} is being removed by retention`, {
      cause: error,
    });
  }
}

/**
 * Closes the row of a restore or a restore test that succeeded, then gives its point free.
 * @throws Cancelled when somebody else has closed it meanwhile
 */
export async function closeSucceeded(row: PlannedRow, finishedAt: string): Promise<void> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression: 'SET #status = :succeeded, finishedAt = :finishedAt REMOVE #owner',
        ConditionExpression: '#status = :running',
        ExpressionAttributeNames: { '#status': 'status', '#owner': 'owner' },
        ExpressionAttributeValues: { ':succeeded': 'succeeded', ':running': 'running', ':finishedAt': finishedAt },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new HoldfastError('Cancelled', `${row.run} was closed before its result could be recorded`, { cause: error });
  }
  await releasePoint(row.plan.point, row.executionArn);
}

/** Takes the mark of an execution off the point that it read. */
export async function releasePoint({ pk, sk }: RowKey, executionArn: string): Promise<void> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk, sk },
        UpdateExpression: 'DELETE restores :execution',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':execution': new Set([executionArn]) },
      }),
    );
  } catch (error) {
    // A point that is gone altogether holds no mark.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
