/** What the table knows of many sources at once: their newest points, their tests, and who was told what. */
import { BatchGetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { KnownOfSource } from '../core/freshness.ts';
import { latestKey, testedKey, watchedKey, type RowKey } from '../core/keys.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';
import { findRow } from './run-store.ts';

/** BatchGetItem takes so many keys (DynamoDB API reference). */
const BATCH_SIZE = 100;

const LatestRow = z.looseObject({ run: z.string(), startedAt: z.iso.datetime() });
const TestedRow = z.looseObject({ passedAt: z.iso.datetime().optional() });
const WatchedRow = z.looseObject({
  since: z.iso.datetime(),
  testsSince: z.iso.datetime().optional(),
  toldAt: z.iso.datetime().optional(),
  /** When people were told that the source is configured no longer. */
  unconfiguredToldAt: z.iso.datetime().optional(),
});
type WatchedRow = z.infer<typeof WatchedRow>;

export interface ConfiguredSource {
  readonly source: string;
  /** Whether it has a restore test. */
  readonly isTested: boolean;
}

/** A source that is seen for the first time is watched from now on, and so are its restore tests. */
export async function readSources(configured: readonly ConfiguredSource[], now: Date): Promise<KnownOfSource[]> {
  const sources = configured.map(({ source }) => source);
  const rows = await batchGet(sources.flatMap((source) => [latestKey(source), testedKey(source), watchedKey(source)]));
  const known: KnownOfSource[] = [];
  for (const { source, isTested } of configured) {
    const latest = LatestRow.optional().parse(rows.get(idOf(latestKey(source))));
    const tested = TestedRow.optional().parse(rows.get(idOf(testedKey(source))));
    const row = WatchedRow.optional().parse(rows.get(idOf(watchedKey(source))));
    const watched = await watchTests(source, row ?? (await watch(source, 'since', now)), isTested, now);
    if (watched.unconfiguredToldAt !== undefined) await forget(source, 'unconfiguredToldAt');
    known.push({
      source,
      latest: latest && { run: latest.run, startedAt: latest.startedAt },
      testPassedAt: tested?.passedAt,
      watchedSince: watched.since,
      testsSince: watched.testsSince,
      toldAt: watched.toldAt,
    });
  }
  return known;
}

/** A test that is taken out of the configuration, and comes back later, is a new one. */
async function watchTests(source: string, row: WatchedRow, isTested: boolean, now: Date): Promise<WatchedRow> {
  if (isTested) return row.testsSince === undefined ? watch(source, 'testsSince', now) : row;
  if (row.testsSince === undefined) return row;
  await forget(source, 'testsSince');
  return { ...row, testsSince: undefined };
}

async function watch(source: string, what: 'since' | 'testsSince', now: Date): Promise<WatchedRow> {
  const { Attributes } = await dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: watchedKey(source),
      UpdateExpression: 'SET #what = if_not_exists(#what, :now)',
      ExpressionAttributeNames: { '#what': what },
      ExpressionAttributeValues: { ':now': now.toISOString() },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return WatchedRow.parse(Attributes);
}

/** @param toldAt when people were told that it is overdue; undefined: it is not any more */
export async function rememberTold(source: string, toldAt: string | undefined): Promise<void> {
  if (toldAt === undefined) return forget(source, 'toldAt');
  await dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: watchedKey(source),
      UpdateExpression: 'SET toldAt = :toldAt',
      ExpressionAttributeValues: { ':toldAt': toldAt },
    }),
  );
}

export async function wasToldUnconfigured(source: string): Promise<boolean> {
  const row = WatchedRow.optional().parse(await findRow(watchedKey(source)));
  return row?.unconfiguredToldAt !== undefined;
}

/** Until the source is configured again. */
export async function rememberUnconfigured(source: string, now: Date): Promise<void> {
  await dynamo().send(
    new UpdateCommand({
      TableName: tableName(),
      Key: watchedKey(source),
      UpdateExpression: 'SET unconfiguredToldAt = :now, since = if_not_exists(since, :now)',
      ExpressionAttributeValues: { ':now': now.toISOString() },
    }),
  );
}

async function forget(source: string, what: 'toldAt' | 'testsSince' | 'unconfiguredToldAt'): Promise<void> {
  await dynamo().send(
    new UpdateCommand({ TableName: tableName(), Key: watchedKey(source), UpdateExpression: `REMOVE ${what}` }),
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
