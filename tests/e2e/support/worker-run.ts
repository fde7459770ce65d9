/** One run of the worker's bundle, as the container would start it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { Dump } from '../../../core/config/dump.ts';
import { activeKey, runKey, type RowKey } from '../../../core/keys.ts';
import { Outcome, type DumpPlan } from '../../../core/run-record.ts';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { BUCKET, TABLE, type WorkerWorld } from './worker-world.ts';

export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface TestRun {
  readonly source: string;
  readonly key: RowKey;
  readonly executionArn: string;
  /** What the worker is to do with it; default: dump. */
  readonly command?: 'restore' | 'restore-test';
}

let runs = 0;

/** A plan for a server, whose login is put into a secret of its own. */
export async function planFor(
  world: WorkerWorld,
  server: TestServer,
  change: Partial<DumpPlan> = {},
): Promise<DumpPlan> {
  const secret = `secret-${++runs}`;
  const { user: username, password, host, port } = server;
  const value = { username, password, host, port, dbname: 'postgres' };
  await world.secrets.send(new CreateSecretCommand({ Name: secret, SecretString: JSON.stringify(value) }));
  return {
    connection: { secret, auth: 'password', sslMode: 'disable' },
    dump: Dump.parse({}),
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
    ...change,
  };
}

/** Starts an execution and writes the rows that the machine would have written before the worker. */
export async function startRun(world: WorkerWorld, plan: DumpPlan): Promise<TestRun> {
  const run = `run-${++runs}`;
  const source = `source-${runs}`;
  const { stateMachineArn } = world;
  const { executionArn = '' } = await world.stepFunctions.send(
    new StartExecutionCommand({ stateMachineArn, name: run }),
  );
  const startedAt = new Date().toISOString();
  const key = runKey({ source, run, startedAt });
  const common = { run, startedAt, source };
  await world.table.send(
    new PutCommand({
      TableName: TABLE,
      Item: { ...key, ...common, executionArn, trigger: 'manual', status: 'running', label: null, plan },
    }),
  );
  await world.table.send(
    new PutCommand({ TableName: TABLE, Item: { ...activeKey(source), ...common, owner: executionArn, attempt: 0 } }),
  );
  return { source, key, executionArn };
}

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Settles when the process and its output have ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

export interface WorkerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * As the image starts it.
 * @param environment added to what the task definition gives
 */
export function workerCommand(
  world: WorkerWorld,
  run: TestRun,
  environment: Record<string, string> = {},
): WorkerCommand {
  return {
    command: process.execPath,
    args: [path.join(world.bundle, 'worker.mjs'), run.command ?? 'dump'],
    env: {
      PATH: '/usr/bin:/bin',
      TMPDIR: tmpdir(),
      AWS_ENDPOINT_URL: world.emulator.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      NODE_OPTIONS: '--max-semi-space-size=1',
      MALLOC_ARENA_MAX: '1',
      HOLDFAST_BUCKET: BUCKET,
      HOLDFAST_TABLE: TABLE,
      HOLDFAST_RUN_PK: run.key.pk,
      HOLDFAST_RUN_SK: run.key.sk,
      HOLDFAST_PG_ROOT: world.toolchain.pgRoot,
      ...environment,
    },
  };
}

export function startWorker(world: WorkerWorld, run: TestRun, environment: Record<string, string> = {}): WorkerProcess {
  const { command, args, env } = workerCommand(world, run, environment);
  // For readable traces; it costs memory, so the image does without.
  const child = spawn(command, ['--enable-source-maps', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, output }));
  return { child, ended };
}

export interface WorkerResult {
  readonly code: number | null;
  readonly output: string;
  readonly outcome: Outcome | undefined;
  readonly run: TestRun;
}

export async function runWorker(
  world: WorkerWorld,
  plan: DumpPlan,
  environment: Record<string, string> = {},
): Promise<WorkerResult> {
  const run = await startRun(world, plan);
  return { ...(await startWorker(world, run, environment).ended), outcome: await outcomeOf(world, run), run };
}

export async function outcomeOf(world: WorkerWorld, { key }: TestRun): Promise<Outcome | undefined> {
  const { Item } = await world.table.send(new GetCommand({ TableName: TABLE, Key: key, ConsistentRead: true }));
  return Item?.['outcome'] === undefined ? undefined : Outcome.parse(Item['outcome']);
}
