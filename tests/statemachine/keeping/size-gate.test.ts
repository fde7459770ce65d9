/** What a dump is compared with, where the runs before it have left rows of every kind. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { beforeEach, expect, it } from '@jest/globals';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo, s3 } from '../../../aws/clients.ts';
import { bucketName, tableName } from '../../../aws/environment.ts';
import { objectKey } from '../../../core/keys.ts';
import type { DatabaseDump, Evidence } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { findSuspicions } from '../../../functions/find-suspicions.ts';
import { databaseDump, planOf, storedObject } from '../../unit/core/run-samples.ts';
import { pointRow, rowOf, shareKeepingWorld } from './world.ts';

const SOURCES = ['failing', 'unreadable', 'recompressed'];
const FIRST_NIGHT = Date.parse('2026-10-01T02:30:00Z');

shareKeepingWorld(`sources: { ${SOURCES.map((name) => `${name}: { connection: { secret: x } }`).join(', ')} }\n`);

let source: string;
let tests = 0;
beforeEach(() => {
  source = SOURCES[tests++] ?? '';
});

const runOf = (night: number, more: Partial<RunRow>): RunRow =>
  pointRow(source, new Date(FIRST_NIGHT + night * 86_400_000).toISOString(), {
    plan: { ...planOf('orders'), sizeGate: { minRatio: 0.5, emptiedTableRows: 1000 } },
    ...more,
  });

const failed = (night: number): RunRow => runOf(night, { status: 'failed', verdict: undefined });

/** Stores the evidence of a run's dump. */
async function dumpOf(row: RunRow, sizeBytes: number, rows: number): Promise<DatabaseDump> {
  const evidence: Evidence = {
    tables: [{ schema: 'public', name: 'invoice', rows }],
    ...{ sequences: [], largeObjects: { count: 0 }, extensions: [], settings: [] },
  };
  const Key = objectKey(row, 'orders', 1, 'evidence.json.gz');
  const Body = await promisify(gzip)(JSON.stringify(evidence));
  await s3().send(new PutObjectCommand({ Bucket: bucketName(), Key, Body }));
  const archive = storedObject(objectKey(row, 'orders', 1, 'archive.dump'), { sizeBytes });
  return databaseDump('orders', { objects: [archive, storedObject(Key, { role: 'evidence', versionId: null })] });
}

/** In batches of what DynamoDB takes at once. */
async function put(rows: readonly object[]): Promise<void> {
  for (let start = 0; start < rows.length; start += 25) {
    const requests = rows.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await dynamo().send(new BatchWriteCommand({ RequestItems: { [tableName()]: requests } }));
  }
}

/** A verified run in the first night, others behind it, and what a dump of a byte without a row is told then. */
async function suspicionsAfter(others: readonly object[], more: Partial<RunRow> = {}): Promise<string[]> {
  const good = runOf(0, {});
  await put([{ ...good, dumps: [await dumpOf(good, 1_000_000, 5000)] }, ...others]);
  const run = runOf(others.length + 1, { status: 'running', verdict: undefined, ...more });
  await put([run]);
  const found = await findSuspicions(await rowOf(run), [await dumpOf(run, 1, 0)]);
  return found.flatMap(({ database, failure }) =>
    failure.message.split('; ').map((reason) => `${database}: ${reason}`),
  );
}

const TOO_SMALL = 'orders: the dump has 1 B, 0 % of the 976.6 KiB that are usual (median of the last 1)';
const EMPTIED = 'orders: 1 table lost all rows: public.invoice (had 5,000 rows)';

it('the last verified run, however many have failed since', async () => {
  const month = Array.from({ length: 31 }, (_, index) => failed(index + 1));
  expect(await suspicionsAfter(month)).toEqual([TOO_SMALL, EMPTIED]);
});

it('the runs whose rows can be read', async () => {
  const strange = [
    { ...runOf(1, {}), verdict: 'splendid' },
    { ...runOf(2, {}), dumps: 'of another version' },
  ];
  expect(await suspicionsAfter(strange)).toEqual([TOO_SMALL, EMPTIED]);
});

it('rows only, where another compression makes another size', async () => {
  const plan = runOf(0, {}).plan ?? planOf('orders');
  const recompressed = { plan: { ...plan, dump: { ...plan.dump, compression: 'gzip:9' } } };
  expect(await suspicionsAfter([failed(1)], recompressed)).toEqual([EMPTIED]);
});
