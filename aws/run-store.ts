/** The rows of runs and of the active claim in DynamoDB: the conditional writes that guard a run while it is open. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, ExecutionDoesNotExist } from '@aws-sdk/client-sfn';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { HoldfastError } from '../core/errors.ts';
import { activeKey, type RowKey } from '../core/keys.ts';
import { ActiveRow, RunRow, type Outcome, type Progress } from '../core/run-record.ts';
import { dynamo, stepFunctions } from './clients.ts';
import { tableName } from './environment.ts';

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
  const run = await findRun(key);
  if (!run) throw new HoldfastError('UnexpectedError', `no row ${key.pk} / ${key.sk} in table ${tableName()}`);
  return run;
}

/**
 * Makes the caller the one worker of the run that may commit; a worker that began before it is refused from now on.
 * @returns the number of this attempt, from 1
 * @throws Cancelled when the run is closed or its source is claimed by another run
 */
export async function beginAttempt(run: RunRow): Promise<number> {
  try {
    const { Attributes } = await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: activeKey(run.source),
        UpdateExpression: 'ADD attempt :one',
        ConditionExpression: '#owner = :owner',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':one': 1, ':owner': run.executionArn },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return ActiveRow.parse(Attributes).attempt;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new HoldfastError('Cancelled', `run ${run.run} no longer owns the source ${run.source}`, { cause: error });
  }
}

/**
 * Renews the worker's claim and stores its progress.
 * @returns `refused` when the run is closed, owned by another, or a newer attempt has begun: the worker must end
 * @throws what the SDK throws when the answer is unknown; the caller tries again at its next beat
 */
export async function renewClaim(
  run: RunRow,
  attempt: number,
  progress: Progress,
  abortSignal?: AbortSignal,
): Promise<'held' | 'refused'> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: activeKey(run.source),
        UpdateExpression: 'SET progress = :progress',
        ConditionExpression: '#owner = :owner AND attempt = :attempt',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': run.executionArn, ':attempt': attempt, ':progress': progress },
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
 * Stores the worker's outcome in the run's row, unless the run is closed or a newer attempt has written its own.
 * @returns whether it was stored
 */
export async function recordOutcome(run: RunRow, outcome: Outcome, abortSignal?: AbortSignal): Promise<boolean> {
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk: run.pk, sk: run.sk },
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
