/** Reads what runs have left: their rows in the table, and their manifests in the bucket. */
import { GetObjectCommand, NoSuchKey } from '@aws-sdk/client-s3';
import {
  GetCommand,
  paginateQuery,
  paginateScan,
  type QueryCommandInput,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { ZodType } from 'zod';
import {
  activeKey,
  manifestKey,
  RESTORE_SORT_PREFIX,
  RUN_SORT_PREFIX,
  TEST_SORT_PREFIX,
  type RowKey,
  type RunId,
} from '../core/keys.ts';
import { Manifest } from '../core/manifest.ts';
import { RestoreRow, RestoreTestRow, type RestoringRow } from '../core/restore-record.ts';
import { ActiveRow, RunRow } from '../core/run-record.ts';
import { dynamo, s3 } from './clients.ts';

export interface FoundRuns {
  readonly runs: readonly RunRow[];
  /** Keys of rows that do not have the shape of a run, with what is wrong: one bad row must not hide the others. */
  readonly unreadable: readonly { readonly key: string; readonly problem: string }[];
}

const RUN_INDEX = 'byRun';

/**
 * The newest runs, newest first.
 * @param source of which source; undefined: of all, for which the whole table is read
 */
export async function listRuns(table: string, source: string | undefined, limit: number): Promise<FoundRuns> {
  const rows = source === undefined ? await scanRuns(table) : await queryRuns(table, source, limit);
  const parsed = rows.sort(newestFirst).slice(0, limit).map(parseRow);
  return {
    runs: parsed.flatMap(({ run }) => (run ? [run] : [])),
    unreadable: parsed.flatMap(({ unreadable }) => (unreadable ? [unreadable] : [])),
  };
}

type Row = Record<string, unknown>;

/** Sort keys begin with the time of the start. */
const newestFirst = (a: Row, b: Row): number => (String(a['sk']) < String(b['sk']) ? 1 : -1);

function parseRow(row: Row): { run?: RunRow; unreadable?: FoundRuns['unreadable'][number] } {
  const { data, error } = RunRow.safeParse(row);
  if (data) return { run: data };
  const problem = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return { unreadable: { key: `${String(row['pk'])} / ${String(row['sk'])}`, problem } };
}

/** Every run of a source, newest first; read as far as they are asked for. Rows that are not readable are left out. */
export async function* newestRuns(table: string, source: string): AsyncGenerator<RunRow> {
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, runsQuery(table, source))) {
    for (const item of Items) {
      const { run } = parseRow(item);
      if (run) yield run;
    }
  }
}

async function queryRuns(table: string, source: string, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  const query = { ...runsQuery(table, source), Limit: limit };
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
    rows.push(...Items);
    if (rows.length >= limit) break;
  }
  return rows;
}

function runsQuery(table: string, source: string): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :run)',
    ExpressionAttributeValues: { ':pk': activeKey(source).pk, ':run': RUN_SORT_PREFIX },
    ScanIndexForward: false,
  };
}

async function scanRuns(table: string): Promise<Row[]> {
  const scan: ScanCommandInput = {
    TableName: table,
    FilterExpression: 'begins_with(sk, :run)',
    ExpressionAttributeValues: { ':run': RUN_SORT_PREFIX },
  };
  const rows: Row[] = [];
  for await (const { Items = [] } of paginateScan({ client: dynamo() }, scan)) rows.push(...Items);
  return rows;
}

/**
 * The keys of all rows of a name, newest first: Step Functions lets a name be used again after 90 days, also for another
 * source. Read from an index, which may lag some moments behind the table.
 * @param run name of the execution, or `<name>#<start>` as in the sort key: no name holds a "#"
 */
async function findKeys(table: string, run: string, prefix: string): Promise<RowKey[]> {
  const [name = '', startedAt] = run.split('#');
  const query: QueryCommandInput = {
    TableName: table,
    IndexName: RUN_INDEX,
    // Claims carry the run too; what is asked for is its record.
    KeyConditionExpression: '#run = :run AND begins_with(sk, :prefix)',
    ExpressionAttributeNames: { '#run': 'run' },
    ExpressionAttributeValues: { ':run': name, ':prefix': `${prefix}${startedAt ?? ''}` },
    ScanIndexForward: false,
  };
  const keys: RowKey[] = [];
  for await (const { Items = [] } of paginateQuery({ client: dynamo() }, query)) {
    keys.push(...Items.map((item) => ({ pk: String(item['pk']), sk: String(item['sk']) })));
  }
  return keys;
}

/** The key of the row of the newest run of a name, or by its prefix of the newest restore or restore test. */
export async function findRunKey(table: string, run: string, prefix = RUN_SORT_PREFIX): Promise<RowKey | undefined> {
  const [newest] = await findKeys(table, run, prefix);
  return newest;
}

/** The row of a restore or a restore test by the name of its execution alone. */
export async function findRestoringByName(table: string, run: string): Promise<RestoringRow | undefined> {
  for (const prefix of [RESTORE_SORT_PREFIX, TEST_SORT_PREFIX]) {
    const key = await findRunKey(table, run, prefix);
    if (!key) continue;
    return readRow(table, key, (row) =>
      prefix === RESTORE_SORT_PREFIX ? RestoreRow.parse(row) : RestoreTestRow.parse(row),
    );
  }
  return undefined;
}

/** The row of the newest run of a name. */
export async function findRunByName(table: string, run: string): Promise<RunRow | undefined> {
  const key = await findRunKey(table, run);
  return key && readRow(table, key, (row) => RunRow.parse(row));
}

/**
 * The rows of all runs of a name, newest first.
 * @param run a name, or `<name>#<start>`
 * @param shape as much of a row as the caller needs
 */
export async function findRunsByName<T>(table: string, run: string, shape: ZodType<T>): Promise<T[]> {
  const keys = await findKeys(table, run, RUN_SORT_PREFIX);
  const rows = await Promise.all(keys.map((key) => readRow(table, key, (row) => shape.parse(row))));
  return rows.filter((row) => row !== undefined);
}

/**
 * The claim of the active run of a source, with its progress.
 * @param pk partition of the source, the same in each of its rows
 */
export async function findActive(table: string, pk: string): Promise<ActiveRow | undefined> {
  return readRow(table, { ...activeKey(''), pk }, (row) => ActiveRow.parse(row));
}

async function readRow<T>(table: string, { pk, sk }: RowKey, parse: (row: Row) => T): Promise<T | undefined> {
  const { Item } = await dynamo().send(new GetCommand({ TableName: table, Key: { pk, sk }, ConsistentRead: true }));
  return Item && parse(Item);
}

/**
 * The manifest beside the objects of a run.
 * @returns undefined when the run has none
 */
export async function findManifest(bucket: string, run: RunId): Promise<Manifest | undefined> {
  try {
    const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: manifestKey(run) }));
    return Manifest.parse(JSON.parse((await Body?.transformToString()) ?? ''));
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
