/** What the table knows of many sources at once: their newest points, their tests, and who was told what. */
import { BatchGetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { KnownOfSource } from '../core/freshness.ts';
import { latestKey, testedKey, watchedKey, type RowKey } from '../core/keys.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';

/** BatchGetItem takes so many keys (DynamoDB API reference). */
const BATCH_SIZE = 100;

const LatestRow = z.looseObject({ run: z.string(), startedAt: z.iso.datetime() });
const TestedRow = z.looseObject({ passedAt: z.iso.datetime().optional() });
const WatchedRow = z.looseObject({ since: z.iso.datetime(), toldAt: z.iso.datetime().optional() });

/** A source that is seen for the first time is watched from now on. */
export async function readSources(sources: readonly string[], now: Date): Promise<KnownOfSource[]> {
  const rows = await batchGet(sources.flatMap((source) => [latestKey(source), testedKey(source), watchedKey(source)]));
  const known: KnownOfSource[] = [];
  for (const source of sources) {
    const latest = LatestRow.optional().parse(rows.get(idOf(latestKey(source))));
    const tested = TestedRow.optional().parse(rows.get(idOf(testedKey(source))));
    const watched = WatchedRow.optional().parse(rows.get(idOf(watchedKey(source)))) ?? (await watch(source, now));
    known.push({
      source,
      latest: latest && { run: latest.run, startedAt: latest.startedAt },
      testPassedAt: tested?.passedAt,
      watchedSince: watched.since,
      toldAt: watched.toldAt,
    });
  }
  return known;
}

async function watch(source: string, now: Date): Promise<z.infer<typeof WatchedRow>> {
  const { Attributes } = await dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: watchedKey(source),
      UpdateExpression: 'SET since = if_not_exists(since, :now)',
      ExpressionAttributeValues: { ':now': now.toISOString() },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return WatchedRow.parse(Attributes);
}

/** @param toldAt undefined: it is not overdue any more */
export async function rememberTold(source: string, toldAt: string | undefined): Promise<void> {
  await dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: watchedKey(source),
      ...(toldAt === undefined
        ? { UpdateExpression: 'REMOVE toldAt' }
        : { UpdateExpression: 'SET toldAt = :toldAt', ExpressionAttributeValues: { ':toldAt': toldAt } }),
    }),
  );
}

type Row = Record<string, unknown>;

const idOf = ({ pk, sk }: { readonly pk?: unknown; readonly sk?: unknown }): string => `${String(pk)} ${String(sk)}`;

async function batchGet(keys: readonly RowKey[]): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for (let start = 0; start < keys.length; start += BATCH_SIZE) {
    let open: Row[] = keys.slice(start, start + BATCH_SIZE).map(({ pk, sk }) => ({ pk, sk }));
    // What DynamoDB has no capacity for is handed back.
    while (open.length > 0) {
      const { Responses = {}, UnprocessedKeys = {} } = await dynamo().send(
        new BatchGetCommand({ RequestItems: { [tableName()]: { Keys: open, ConsistentRead: true } } }),
      );
      for (const row of Responses[tableName()] ?? []) rows.set(idOf(row), row);
      open = UnprocessedKeys[tableName()]?.Keys ?? [];
    }
  }
  return rows;
}
