/** Every run of a source of which something is left, as far as retention looks at it. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { latestKey, RUN_SORT_PREFIX } from '../core/keys.ts';
import { RunRow } from '../core/run-record.ts';
import { dynamo } from './clients.ts';

/** Lists of databases are left out: a fleet's history must fit into memory. */
const FIELDS = [
  'pk',
  'sk',
  'source',
  'run',
  'executionArn',
  'startedAt',
  'trigger',
  'status',
  'label',
  'verdict',
  'snapshot',
  'hold',
  'accepted',
  'restores',
  'deleting',
  'snapshotDeleting',
];

export interface SourceRuns {
  readonly runs: readonly RunRow[];
  /** Rows that do not have the shape of a run: they count towards no rule, and nothing of them is removed. */
  readonly unreadable: number;
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
  };
  const runs: RunRow[] = [];
  let unreadable = 0;
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
    for (const item of Items) {
      const { data } = RunRow.safeParse(item);
      if (data) runs.push(data);
      else unreadable += 1;
    }
  }
  return { runs, unreadable };
}
