/** Rows of work in DynamoDB, and the claims of its workers: the conditional writes that guard a row while it is open. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, ExecutionDoesNotExist } from '@aws-sdk/client-sfn';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { HoldfastError } from '../core/errors.ts';
import { claimKey, type RowKey } from '../core/keys.ts';
import {
  RestoreRow,
  RestoreTestRow,
  type RestoreOutcome,
  type RestoreProgress,
  type RestoreTestOutcome,
} from '../core/restore-record.ts';
import { RunRow, type Outcome, type Progress } from '../core/run-record.ts';
import { parseWorkRow, type WorkRow } from '../core/work-row.ts';
import { dynamo, stepFunctions } from './clients.ts';
import { tableName } from './environment.ts';

const Claimed = z.looseObject({ attempt: z.int().positive() });

/** The row, strongly consistent, or undefined. */
export async function findRow({ pk, sk }: RowKey): Promise<Record<string, unknown> | undefined> {
  const { Item } = await dynamo().send(
    new GetCommand({ TableName: tableName(), Key: { pk, sk }, ConsistentRead: true }),
  );
  return Item;
}

export async function findRun(key: RowKey): Promise<RunRow | undefined> {
  const row = await findRow(key);
  return row && RunRow.parse(row);
}

/** @throws UnexpectedError when there is no such row */
export async function getRun(key: RowKey): Promise<RunRow> {
  return (await findRun(key)) ?? noRow(key);
}

function noRow({ pk, sk }: RowKey): never {
  throw new HoldfastError('UnexpectedError', `no row ${pk} / ${sk} in table ${tableName()}`);
}

/** The row of whatever work it is. */
export async function findWork(key: RowKey): Promise<WorkRow | undefined> {
  const row = await findRow(key);
  return row && parseWorkRow(row);
}

/** @throws UnexpectedError when there is no such row */
export async function getWork(key: RowKey): Promise<WorkRow> {
  return (await findWork(key)) ?? noRow(key);
}

export async function findRestore(key: RowKey): Promise<RestoreRow | undefined> {
  const row = await findRow(key);
  return row && RestoreRow.parse(row);
}

export async function findRestoreTest(key: RowKey): Promise<RestoreTestRow | undefined> {
  const row = await findRow(key);
  return row && RestoreTestRow.parse(row);
}

/**
 * Makes the caller the one worker of the row that may commit; a worker that began before it is refused from now on.
 * @returns the number of this attempt, from 1
 * @throws Cancelled when the row is closed or its source is claimed by another run
 */
export async function beginAttempt(row: WorkRow): Promise<number> {
  try {
    const { Attributes } = await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: claimKey(row),
        UpdateExpression: 'ADD attempt :one',
        ConditionExpression: '#owner = :owner',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':one': 1, ':owner': row.executionArn },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Claimed.parse(Attributes).attempt;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new HoldfastError('Cancelled', `${row.run} was closed, or its source ${row.source} is claimed by another`, {
      cause: error,
    });
  }
}

/**
 * Renews the worker's claim and stores its progress.
 * @returns `refused` when the row is closed, owned by another, or a newer attempt has begun: the worker must end
 * @throws what the SDK throws when the answer is unknown; the caller tries again at its next beat
 */
export async function renewClaim(
  row: WorkRow,
  attempt: number,
  progress: Progress | RestoreProgress,
  abortSignal?: AbortSignal,
): Promise<'held' | 'refused'> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: claimKey(row),
        UpdateExpression: 'SET progress = :progress',
        ConditionExpression: '#owner = :owner AND attempt = :attempt',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': row.executionArn, ':attempt': attempt, ':progress': progress },
      }),
      { ...(abortSignal && { abortSignal }) },
    );
    return 'held';
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return 'refused';
    throw error;
  }
}

/**
 * Stores the worker's outcome in its row, unless the row is closed or a newer attempt has written its own.
 * @returns whether it was stored
 */
export async function recordOutcome(
  { pk, sk }: RowKey,
  outcome: Outcome | RestoreOutcome | RestoreTestOutcome,
  abortSignal?: AbortSignal,
): Promise<boolean> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk, sk },
        UpdateExpression: 'SET outcome = :outcome',
        ConditionExpression: '#status = :running AND (attribute_not_exists(outcome) OR outcome.attempt <= :attempt)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':outcome': outcome, ':running': 'running', ':attempt': outcome.attempt },
      }),
      { ...(abortSignal && { abortSignal }) },
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** RUNNING, SUCCEEDED, …; undefined for an execution that Step Functions no longer knows (90 days). */
export async function executionStatus(executionArn: string, abortSignal?: AbortSignal): Promise<string | undefined> {
  try {
    const { status } = await stepFunctions().send(new DescribeExecutionCommand({ executionArn }), {
      ...(abortSignal && { abortSignal }),
    });
    return status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** Whether an owner still lives is asked of Step Functions, never guessed from a clock. */
export async function executionIsRunning(executionArn: string, abortSignal?: AbortSignal): Promise<boolean> {
  return (await executionStatus(executionArn, abortSignal)) === 'RUNNING';
}
