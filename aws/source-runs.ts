/** Every run of a source of which something is left, as far as retention looks at it. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { latestKey, RUN_SORT_PREFIX } from '../core/keys.ts';
import { PointRow } from '../core/retention/recovery-point.ts';
import { dynamo } from './clients.ts';

/** Lists of databases are left out: a fleet's history must fit into memory. */
const FIELDS = Object.keys(PointRow.shape);

export interface SourceRuns {
  readonly runs: readonly PointRow[];
  /** Sort keys of rows that do not have the shape of a run: they count towards no rule, and nothing of them is removed. */
  readonly unreadable: readonly string[];
}

/** Tombstones are not among them. */
export async function runsOfSource(table: string, source: string): Promise<SourceRuns> {
  const query = {
    TableName: table,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :run)',
    FilterExpression: 'attribute_not_exists(deletedAt)',
    ProjectionExpression: FIELDS.map((_, index) => `#${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(FIELDS.map((field, index) => [`#${index}`, field])),
    ExpressionAttributeValues: { ':pk': latestKey(source).pk, ':run': RUN_SORT_PREFIX },
    ConsistentRead: true,
  };
  const runs: PointRow[] = [];
  const unreadable: string[] = [];
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
    for (const item of Items) {
      const { data } = PointRow.safeParse(item);
      if (data) runs.push(data);
      else unreadable.push(String(item['sk']));
    }
  }
  return { runs, unreadable };
}
