/** The runs of a source before another one. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { RUN_SORT_PREFIX } from '../core/keys.ts';
import { RunRow } from '../core/run-record.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

/** @returns at most `limit`, newest first */
export async function earlierRuns({ pk, sk }: Pick<RunRow, 'pk' | 'sk'>, limit: number): Promise<RunRow[]> {
  const query = {
    TableName: tableName(),
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :sk',
    ExpressionAttributeValues: { ':pk': pk, ':first': RUN_SORT_PREFIX, ':sk': sk },
    ScanIndexForward: false,
    Limit: limit,
  };
  const rows: RunRow[] = [];
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
    // BETWEEN includes its end, which is the run itself.
    rows.push(...Items.filter((item) => item['sk'] !== sk).map((item) => RunRow.parse(item)));
    if (rows.length >= limit) break;
  }
  return rows.slice(0, limit);
}
