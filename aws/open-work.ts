/** Work whose row says that it has not ended. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { latestKey, RESTORE_SORT_PREFIX, RUN_SORT_PREFIX, TEST_SORT_PREFIX } from '../core/keys.ts';
import { TRIGGERS } from '../core/run-input.ts';
import type { DescribedWork, WorkKind } from '../core/work-row.ts';
import { dynamo } from './clients.ts';

const PREFIXES: readonly (readonly [WorkKind, string])[] = [
  ['backup', RUN_SORT_PREFIX],
  ['restore', RESTORE_SORT_PREFIX],
  ['restore-test', TEST_SORT_PREFIX],
];

const OpenRow = z.object({
  source: z.string(),
  run: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
  trigger: z.enum(TRIGGERS),
  label: z.string().nullable().default(null),
});

/** Runs, restores and restore tests of a source that were started since then and are open. */
export async function openWork(table: string, source: string, since: Date): Promise<DescribedWork[]> {
  const found: DescribedWork[] = [];
  for (const [kind, prefix] of PREFIXES) {
    const query = {
      TableName: table,
      // Sort keys go on with the time of the start; no time begins with "~".
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :since AND :end',
      FilterExpression: '#status = :running',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':pk': latestKey(source).pk,
        ':since': `${prefix}${since.toISOString()}`,
        ':end': `${prefix}~`,
        ':running': 'running',
      },
      ConsistentRead: true,
    };
    for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
      found.push(...Items.map((item) => ({ kind, ...OpenRow.parse(item) })));
    }
  }
  return found;
}
