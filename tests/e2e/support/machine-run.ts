/** Executions of the deployed backup machine, started and watched by plain AWS calls, and the rows that they leave. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { activeKey, manifestKey, RUN_SORT_PREFIX, type RowKey } from '../../../core/keys.ts';
import { Manifest } from '../../../core/manifest.ts';
import { RunRow } from '../../../core/run-record.ts';
import type { MachineWorld } from './machine-world.ts';

export interface MachineRun {
  /** The execution's name. */
  readonly run: string;
  readonly executionArn: string;
  /** Under which the run is filed: "-" for none. */
  readonly source: string;
}

export interface RunEnd {
  readonly status: string;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly output: unknown;
}

const POLL_MS = 100;

/** What rows need: a stack, whatever stands beside it. */
type WithStack = Pick<MachineWorld, 'stack'>;

/** @param source under which the run will be filed; default: the input's */
export async function startRun(
  world: MachineWorld,
  input: unknown,
  source = (input as { readonly source: string }).source,
): Promise<MachineRun> {
  return startMachine(world, 'backup', input, source);
}

export async function startMachine(
  { stack }: MachineWorld,
  machine: 'backup' | 'restore' | 'restoreTest',
  input: unknown,
  source: string,
): Promise<MachineRun> {
  const run = `run-${randomUUID()}`;
  const { executionArn = '' } = await stack.clients.stepFunctions.send(
    new StartExecutionCommand({
      stateMachineArn: stack.info.stateMachines[machine],
      name: run,
      input: JSON.stringify(input),
    }),
  );
  return { run, executionArn, source };
}

/** Waits for the end of the execution. */
export async function endOf({ stack }: MachineWorld, { executionArn }: MachineRun): Promise<RunEnd> {
  for (;;) {
    const { status, error, cause, output } = await stack.clients.stepFunctions.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    if (status !== undefined && status !== 'RUNNING') {
      return { status, error, cause, output: output === undefined ? undefined : (JSON.parse(output) as unknown) };
    }
    await sleep(POLL_MS);
  }
}

export async function stopRun({ stack }: MachineWorld, { executionArn }: MachineRun): Promise<void> {
  await stack.clients.stepFunctions.send(new StopExecutionCommand({ executionArn, cause: 'stopped by a test' }));
}

/** The row of a run. There is exactly one, whoever wrote it. */
export async function rowOf(world: MachineWorld, run: MachineRun): Promise<RunRow> {
  const [row, ...others] = await rowsOf(world, run);
  if (!row || others.length > 0) throw new Error(`run ${run.run} has ${row ? others.length + 1 : 0} rows`);
  return row;
}

/** The row of a run, when the machine has got as far as to write it. */
export async function rowsOf(world: MachineWorld, { source, run }: MachineRun): Promise<RunRow[]> {
  return (await rowsOfSource(world, source)).filter((row) => row.run === run);
}

/** All runs of a source, the oldest first. */
export async function rowsOfSource(world: WithStack, source: string): Promise<RunRow[]> {
  return (await rowsStarting(world, source, RUN_SORT_PREFIX)).map((item) => RunRow.parse(item));
}

/** Rows of a source whose sort key begins so, the oldest first, as they are stored. */
export async function rowsStarting(
  { stack }: WithStack,
  source: string,
  prefix: string,
): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await stack.clients.dynamo.send(
    new QueryCommand({
      TableName: stack.info.table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': activeKey(source).pk, ':prefix': prefix },
      ConsistentRead: true,
    }),
  );
  return Items;
}

/** Any row, as it is stored. */
export async function findRow(
  { stack }: MachineWorld,
  { pk, sk }: RowKey,
): Promise<Record<string, unknown> | undefined> {
  const command = new GetCommand({ TableName: stack.info.table, Key: { pk, sk }, ConsistentRead: true });
  return (await stack.clients.dynamo.send(command)).Item;
}

/** The run that holds the source at this moment. */
export async function activeRun(world: MachineWorld, source: string): Promise<unknown> {
  return (await findRow(world, activeKey(source)))?.['run'];
}

/** manifest.json of a run, as it is stored. */
export async function storedManifest(world: MachineWorld, run: MachineRun): Promise<Manifest> {
  const { startedAt } = await rowOf(world, run);
  const { clients, info } = world.stack;
  const { Body } = await clients.s3.send(
    new GetObjectCommand({ Bucket: info.bucket, Key: manifestKey({ ...run, startedAt }) }),
  );
  return Manifest.parse(JSON.parse((await Body?.transformToString()) ?? ''));
}

/** Polls until a question has an answer. @throws Error when it has none in time */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined | false>,
  patienceMs = 60_000,
): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(POLL_MS);
  }
  throw new Error(`${what} did not happen within ${patienceMs} ms`);
}
