/** The result of a restore test in the table: in the row of the point that was tested, and in that of its source. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { testedKey } from '../core/keys.ts';
import type { RestoreTestEntry } from '../core/manifest.ts';
import type { PointRef, RestoreTestRow } from '../core/restore-record.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

/** Records it once, however often it is called: the row of the test remembers that it was. */
export async function recordTestResult(
  row: RestoreTestRow & { readonly plan: { readonly point: PointRef } },
  entry: RestoreTestEntry,
): Promise<void> {
  const { point } = row.plan;
  const TableName = tableName();
  const rememberRecorded = {
    Update: {
      TableName,
      Key: { pk: row.pk, sk: row.sk },
      UpdateExpression: 'SET recordedAt = :at',
      ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(recordedAt)',
      ExpressionAttributeValues: { ':at': entry.at },
    },
  };
  const addToPoint = {
    Update: {
      TableName,
      Key: { pk: point.pk, sk: point.sk },
      UpdateExpression: 'SET restoreTests = list_append(if_not_exists(restoreTests, :none), :entry)',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':none': [], ':entry': [entry] },
    },
  };
  try {
    await dynamo().send(
      new TransactWriteCommand({ TransactItems: [rememberRecorded, addToPoint, tested(row, entry)] }),
    );
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const [isRecorded] = (error.CancellationReasons ?? []).map(({ Code }) => Code === 'ConditionalCheckFailed');
    if (isRecorded !== true) throw error;
  }
}

/** A test that does not pass leaves the time when one last did. */
function tested(
  { source, plan }: RestoreTestRow & { readonly plan: { readonly point: PointRef } },
  { run, at, outcome, seconds, rtoSeconds }: RestoreTestEntry,
): { readonly Update: { TableName: string; Key: object; UpdateExpression: string; [key: string]: unknown } } {
  const fields = {
    run,
    point: plan.point.run,
    at,
    outcome,
    seconds,
    rtoSeconds,
    ...(outcome === 'passed' && { passedAt: at }),
  };
  const names = Object.keys(fields);
  return {
    Update: {
      TableName: tableName(),
      Key: testedKey(source),
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(Object.entries(fields).map(([name, value]) => [`:${name}`, value])),
    },
  };
}
