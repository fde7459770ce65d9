/** Backups through a stack whose containers are real ones: what a run left, and what a run that was stopped did not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { Client } from 'pg';
import { Manifest } from '../../../core/manifest.ts';
import { localClients, type LocalClients } from '../../../local/clients.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import type { StackInfo } from '../../../local/stack.ts';
import type { PostgresMajor } from '../../../local/toolchain/postgres.ts';
import { query } from '../support/worker-leftovers.ts';
import type { TestServer } from '../support/worker-run.ts';

export const DATABASE = 'shop';
export const ROWS = 10_000;

const POLL_MS = 100;
const PATIENCE_MS = 120_000;

/** A stack's configuration: sources, each with a secret of its own name. */
export function configOf(sources: readonly string[]): string {
  return `notifications: { email: [ops@example.com], on: [failed] }
defaults: { type: postgres, databases: [${DATABASE}], worker: { timeout: 10m } }
sources:
${sources.map((source) => `  ${source}: { connection: { secret: ${source}, sslMode: disable } }\n`).join('')}`;
}

/** A server with a database to back up. */
export async function startServer(major: PostgresMajor): Promise<PostgresServer> {
  const server = await startPostgres({ major, password: 'p@ss/w:rd?#%' });
  await query(server, 'postgres', `CREATE DATABASE ${DATABASE}`);
  await query(server, DATABASE, `CREATE TABLE item AS SELECT n, md5(n::text) FROM generate_series(1, ${ROWS}) n`);
  return server;
}

/** Makes a server known to the stack as the one of a source. */
export async function register(info: StackInfo, source: string, server: TestServer): Promise<void> {
  const { host, port, user: username, password } = server;
  const SecretString = JSON.stringify({ username, password, host, port, dbname: DATABASE });
  await localClients(info.endpoint).secretsManager.send(new CreateSecretCommand({ Name: source, SecretString }));
}

/** @returns the ARN of the execution */
export async function start(
  { endpoint, stateMachines }: StackInfo,
  machine: keyof StackInfo['stateMachines'],
  source: string,
): Promise<string> {
  const { executionArn = '' } = await localClients(endpoint).stepFunctions.send(
    new StartExecutionCommand({ stateMachineArn: stateMachines[machine], input: JSON.stringify({ source }) }),
  );
  return executionArn;
}

export async function endOf(info: StackInfo, executionArn: string): Promise<DescribeExecutionCommandOutput> {
  const { stepFunctions } = localClients(info.endpoint);
  return eventually(`the end of ${executionArn}`, async () => {
    const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  });
}

export async function stopBackup(info: StackInfo, executionArn: string): Promise<void> {
  await localClients(info.endpoint).stepFunctions.send(new StopExecutionCommand({ executionArn, cause: 'a test' }));
}

/** The manifest beside a source's newest objects. @throws when there is none */
export async function manifestOf({ endpoint, bucket }: StackInfo, source: string): Promise<Manifest> {
  const { s3 } = localClients(endpoint);
  const key = (await keysOf(s3, bucket, source)).findLast((one) => one.endsWith('/manifest.json'));
  if (key === undefined) throw new Error(`${source} has no manifest`);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Manifest.parse(JSON.parse((await Body?.transformToString()) ?? ''));
}

/** The archive of a source's one database. */
export async function archiveOf({ endpoint, bucket }: StackInfo, manifest: Manifest): Promise<Uint8Array> {
  const archive = manifest.dumps[0]?.objects.find(({ role }) => role === 'archive');
  const { Body } = await localClients(endpoint).s3.send(new GetObjectCommand({ Bucket: bucket, Key: archive?.key }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}

/** What a stopped run left of its source: objects, open uploads, sessions on the server. */
export async function leftoversOf(info: StackInfo, source: string, server: PostgresServer): Promise<string[]> {
  const { s3 } = localClients(info.endpoint);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: info.bucket }));
  const sessions = await query(
    server,
    'postgres',
    "SELECT application_name FROM pg_stat_activity WHERE application_name ~ '^(holdfast|pg_dump)'",
  );
  return [
    ...(await keysOf(s3, info.bucket, source)),
    ...Uploads.map(({ Key = '' }) => `upload of ${Key}`),
    ...sessions.map((session) => `session ${String(session['application_name'])}`),
  ];
}

/** Holds a lock that no dump passes for as long as something else takes. */
export async function holdUp(server: PostgresServer, whileHeld: () => Promise<void>): Promise<void> {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database: DATABASE });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
    await whileHeld();
  } finally {
    await client.end();
  }
}

/** Returns when a session of a backup waits for a lock. */
export async function someoneWaits(server: PostgresServer): Promise<void> {
  await eventually('a session that waits for a lock', async () => {
    const waiting = await query(server, 'postgres', "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    return waiting.length > 0 ? true : undefined;
  });
}

/** @throws when `look` finds nothing in time */
export async function eventually<Result>(what: string, look: () => Promise<Result | undefined>): Promise<Result> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}

async function keysOf(s3: LocalClients['s3'], Bucket: string, source: string): Promise<string[]> {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: `${source}/` }));
  return Versions.map(({ Key = '' }) => Key);
}
