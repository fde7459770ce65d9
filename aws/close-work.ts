/** Ends failed work in the table: its row says so, and what it held is free again. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Failure } from '../core/errors.ts';
import { failedRow, pointOf, workKey, type DescribedWork, type WorkRow } from '../core/work-row.ts';
import { releaseSource } from './claims.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';
import { releasePoint } from './restore-rows.ts';
import { findWork, getWork } from './run-store.ts';

/** How work ended that did not succeed. */
export interface FailedEnd {
  readonly status: 'failed' | 'aborted';
  readonly failure: Failure;
  /** ISO-8601 UTC. */
  readonly finishedAt: string;
}

/**
 * Closes work that failed, whether or not it ever got a row, and releases its source or its recovery point. What is
 * closed already keeps its verdict.
 * @returns the row as it is now
 */
export async function closeFailedWork(work: DescribedWork, end: FailedEnd): Promise<WorkRow> {
  const key = workKey(work.kind, work);
  const existing = await findWork(key);
  if (existing) await closeExisting(existing, end);
  else await putClosed({ ...failedRow(work), ...end });
  await release(work, existing);
  return getWork(key);
}

async function release(work: DescribedWork, row: WorkRow | undefined): Promise<void> {
  if (work.kind === 'backup') await releaseSource(work);
  const point = row && pointOf(row);
  if (point) await releasePoint(point, work.executionArn);
}

/** A row that is closed has no owner: a worker that is still alive finds its claim refused. */
async function closeExisting({ pk, sk }: WorkRow, { status, failure, finishedAt }: FailedEnd): Promise<void> {
  await unlessRefused(
    dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk, sk },
        UpdateExpression: 'SET #status = :status, failure = :failure, finishedAt = :finishedAt REMOVE #owner',
        ConditionExpression: '#status = :running',
        ExpressionAttributeNames: { '#status': 'status', '#owner': 'owner' },
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

async function putClosed(row: WorkRow): Promise<void> {
  await unlessRefused(
    dynamo().send(
      new PutCommand({ TableName: tableName(), Item: row, ConditionExpression: 'attribute_not_exists(pk)' }),
    ),
  );
}

/** A refusal means that the work was closed meanwhile: its verdict stands. */
async function unlessRefused(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
