/** Ends a run in the table: its row says so, and its source is free again. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Failure } from '../core/errors.ts';
import { runKey, type RunId } from '../core/keys.ts';
import type { Trigger } from '../core/run-input.ts';
import type { RunRow } from '../core/run-record.ts';
import { releaseSource } from './claims.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';
import { findRun, getRun } from './run-store.ts';

export interface ClosingRun extends RunId {
  readonly executionArn: string;
  readonly trigger: Trigger;
  readonly label: string | null;
}

/**
 * Closes a run that failed, whether or not it ever got a row, and releases its source. A run that is closed already
 * keeps its verdict.
 * @returns the row as it is now
 */
export async function closeFailedRun(
  run: ClosingRun,
  status: 'failed' | 'aborted',
  failure: Failure,
  finishedAt: string,
): Promise<RunRow> {
  const key = runKey(run);
  const existing = await findRun(key);
  if (existing) await closeExisting(existing, status, failure, finishedAt);
  else await putClosed({ ...key, ...run, status, failure, finishedAt });
  await releaseSource(run);
  return getRun(key);
}

async function closeExisting(
  row: RunRow,
  status: 'failed' | 'aborted',
  failure: Failure,
  finishedAt: string,
): Promise<void> {
  await unlessRefused(
    dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression: 'SET #status = :status, failure = :failure, finishedAt = :finishedAt',
        ConditionExpression: '#status = :running',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':status': status,
          ':failure': failure,
          ':finishedAt': finishedAt,
          ':running': 'running',
        },
      }),
    ),
  );
}

async function putClosed(row: RunRow): Promise<void> {
  await unlessRefused(
    dynamo().send(
      new PutCommand({ TableName: tableName(), Item: row, ConditionExpression: 'attribute_not_exists(pk)' }),
    ),
  );
}

/** A refusal means that the run was closed meanwhile: its verdict stands. */
async function unlessRefused(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
