/** Restores and restore tests by the worker's bundle, with the rows that the machine would have written before it. */
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { restoreKey, restoreTestKey } from '../../../core/keys.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';
import {
  RestoreOutcome,
  RestoreTestOutcome,
  type Difference,
  type PointRef,
  type RestorePlan,
  type RestoreTestPlan,
} from '../../../core/restore-record.ts';
import { onlyDump } from './worker-restore.ts';
import { startWorker, type TestRun, type TestServer, type WorkerResult } from './worker-run.ts';
import { TABLE, type WorkerWorld } from './worker-world.ts';

let restores = 0;

export interface TestPoint {
  readonly ref: PointRef;
  readonly dump: DatabaseDump;
}

/** Records what a good run of one database left, as RecordManifest does. */
export async function recordPoint(world: WorkerWorld, result: WorkerResult): Promise<TestPoint> {
  const dump = onlyDump(result);
  const { key, source } = result.run;
  await recordDump(world, result.run, dump, result.outcome?.server ?? null);
  const [, startedAt = '', run = ''] = key.sk.split('#');
  return { ref: { ...key, source, run, startedAt }, dump };
}

async function recordDump(world: WorkerWorld, { key }: TestRun, dump: DatabaseDump, server: unknown): Promise<void> {
  await world.table.send(
    new UpdateCommand({
      TableName: TABLE,
      Key: key,
      UpdateExpression: 'SET dumps = :dumps, server = :server',
      ExpressionAttributeValues: { ':dumps': [dump], ':server': server },
    }),
  );
}

/** Other objects than the run left: the point's row says so from now on. */
export async function changeDump(
  world: WorkerWorld,
  { ref, dump }: TestPoint,
  change: Partial<DatabaseDump>,
): Promise<TestPoint> {
  const changed = { ...dump, ...change };
  await world.table.send(
    new UpdateCommand({
      TableName: TABLE,
      Key: { pk: ref.pk, sk: ref.sk },
      UpdateExpression: 'SET dumps = :dumps',
      ExpressionAttributeValues: { ':dumps': [changed] },
    }),
  );
  return { ref, dump: changed };
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

/** Into a database that is named as the dumped one, on a server whose login is put into a secret of its own. */
export async function planRestore(
  world: WorkerWorld,
  { ref, dump }: TestPoint,
  target: TestServer,
  change: Partial<RestorePlan> = {},
): Promise<RestorePlan> {
  const secret = `target-${++restores}`;
  const { user: username, password, host, port } = target;
  // As RDS writes it. The database may not exist: it was lost.
  const value = JSON.stringify({ username, password, host, port, dbname: dump.database });
  await world.secrets.send(new CreateSecretCommand({ Name: secret, SecretString: value }));
  return {
    point: ref,
    database: dump.database,
    toDatabase: null,
    to: {
      name: null,
      given: { secret, sslMode: 'disable' },
      fallback: { secret: 'of-the-source', auth: 'password', sslMode: 'verify-full' },
    },
    tables: [],
    schemas: [],
    roles: 'create',
    allowNotEmpty: false,
    deadline: inAnHour(),
    ...change,
  };
}

/** Every restore of one source, so that it can be told from others. */
export async function startRestore(world: WorkerWorld, plan: RestorePlan): Promise<TestRun> {
  return startRow(world, 'restore', plan);
}

async function startRow(
  world: WorkerWorld,
  command: 'restore' | 'restore-test',
  plan: RestorePlan | RestoreTestPlan,
): Promise<TestRun> {
  const run = `${command}-${++restores}`;
  const { source } = plan.point;
  const { executionArn = '' } = await world.stepFunctions.send(
    new StartExecutionCommand({ stateMachineArn: world.stateMachineArn, name: run }),
  );
  const startedAt = new Date().toISOString();
  const key = (command === 'restore' ? restoreKey : restoreTestKey)({ source, startedAt, run });
  const common = { kind: command, source, run, executionArn, owner: executionArn, startedAt };
  await world.table.send(
    new PutCommand({
      TableName: TABLE,
      Item: { ...key, ...common, trigger: 'manual', status: 'running', attempt: 0, plan },
    }),
  );
  return { source, key, executionArn, command };
}

export interface RestoreResult {
  readonly code: number | null;
  readonly output: string;
  readonly outcome: RestoreOutcome;
}

export async function runRestore(
  world: WorkerWorld,
  plan: RestorePlan,
  environment: Record<string, string> = {},
): Promise<RestoreResult> {
  const run = await startRestore(world, plan);
  const { code, output } = await startWorker(world, run, environment).ended;
  return { code, output, outcome: RestoreOutcome.parse(await storedOutcome(world, run, output)) };
}

/** A restore that goes well. @throws Error with all that its worker said where it does not; the bench uses this file without jest */
export async function restoreWell(world: WorkerWorld, plan: RestorePlan): Promise<RestoreResult> {
  const result = await runRestore(world, plan);
  const { output, outcome } = result;
  if (outcome.failure !== null) throw new Error(`${JSON.stringify(outcome.failure)}\n${output}`);
  return result;
}

export interface RestoreTestResult {
  readonly code: number | null;
  readonly output: string;
  readonly outcome: RestoreTestOutcome;
}

export async function startRestoreTest(
  world: WorkerWorld,
  { ref, dump }: TestPoint,
  change: Partial<RestoreTestPlan> = {},
): Promise<TestRun> {
  const plan = { point: ref, checks: [], firstDatabase: dump.database, rtoSeconds: null, deadline: inAnHour() };
  return startRow(world, 'restore-test', { ...plan, ...change });
}

export async function runRestoreTest(
  world: WorkerWorld,
  point: TestPoint,
  change: Partial<RestoreTestPlan> = {},
  environment: Record<string, string> = {},
): Promise<RestoreTestResult> {
  const run = await startRestoreTest(world, point, change);
  const { code, output } = await startWorker(world, run, environment).ended;
  return { code, output, outcome: RestoreTestOutcome.parse(await storedOutcome(world, run, output)) };
}

/** Every one that the worker has logged. */
export function loggedDifferences(output: string): Difference[] {
  const lines = output.split('\n').filter((line) => line.includes('"message":"different from the source"'));
  return lines.flatMap((line) => (JSON.parse(line) as { readonly differences: Difference[] }).differences);
}

/** @throws Error with the worker's output when there is none */
export async function storedOutcome(world: WorkerWorld, { key }: TestRun, output: string): Promise<unknown> {
  const { Item } = await world.table.send(new GetCommand({ TableName: TABLE, Key: key, ConsistentRead: true }));
  const outcome: unknown = Item?.['outcome'];
  if (outcome === undefined) throw new Error(`the worker left no outcome: ${output}`);
  return outcome;
}
