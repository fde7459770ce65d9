/** The runs of a source before another one. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { RUN_SORT_PREFIX } from '../core/keys.ts';
import { RunRow } from '../core/run-record.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

/** Rows are large, and a few are mostly enough. */
const ROWS_PER_PAGE = 10;

/** Newest first, as far back as is asked for; rows that do not have the shape of a run are left out. */
export async function* earlierRuns({ pk, sk }: Pick<RunRow, 'pk' | 'sk'>): AsyncGenerator<RunRow> {
  const query = {
    TableName: tableName(),
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :sk',
    ExpressionAttributeValues: { ':pk': pk, ':first': RUN_SORT_PREFIX, ':sk': sk },
    ScanIndexForward: false,
    Limit: ROWS_PER_PAGE,
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
    for (const item of Items) {
      // BETWEEN includes its end, which is the run itself.
      const { data } = item['sk'] === sk ? {} : RunRow.safeParse(item);
      if (data) yield data;
    }
  }
}
