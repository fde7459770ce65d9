/** What a worker needs of AWS, without the machine around it: bucket, table, a running execution, and its own bundle. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { buildWorker } from '../../../infra/build-worker.ts';
import { stopDaemon, type Daemon } from '../../../local/daemon.ts';
import { CREDENTIALS, REGION, startEmulator, type Emulator } from '../../../local/emulator.ts';
import { installToolchain, type Toolchain } from '../../../local/toolchain.ts';

export const BUCKET = 'worker-test-bucket';
export const TABLE = 'worker-test-table';

export interface WorkerWorld {
  readonly emulator: Emulator;
  readonly toolchain: Toolchain;
  /** Folder with worker.mjs. */
  readonly bundle: string;
  readonly stateMachineArn: string;
  readonly s3: S3Client;
  readonly table: DynamoDBDocumentClient;
  readonly secrets: SecretsManagerClient;
  readonly stepFunctions: SFNClient;
  stop(): Promise<void>;
}

export async function startWorkerWorld(): Promise<WorkerWorld> {
  const toolchain = await installToolchain(() => undefined);
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-worker-test-'));
  let daemon: Daemon | undefined;
  const remove = async (): Promise<void> => {
    if (daemon) await stopDaemon(daemon);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const bundle = path.join(directory, 'bundle');
    await buildWorker(bundle);
    const emulator = await startEmulator({ toolchain, directory });
    daemon = emulator.daemon;
    return { emulator, toolchain, bundle, ...(await fill(emulator, remove)) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** @param remove called at the end */
async function fill(
  emulator: Emulator,
  remove: () => Promise<void>,
): Promise<Omit<WorkerWorld, 'emulator' | 'toolchain' | 'bundle'>> {
  const settings = { endpoint: emulator.endpoint, region: REGION, credentials: CREDENTIALS };
  const clients = {
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    table: DynamoDBDocumentClient.from(new DynamoDBClient(settings), {
      marshallOptions: { removeUndefinedValues: true },
    }),
    secrets: new SecretsManagerClient(settings),
    stepFunctions: new SFNClient(settings),
  };
  return {
    ...clients,
    stateMachineArn: await createResources(clients),
    stop: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await remove();
    },
  };
}

/** The machine does nothing but run: what the worker asks is whether its execution still does. */
async function createResources(clients: Pick<WorkerWorld, 's3' | 'table' | 'stepFunctions'>): Promise<string> {
  await clients.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await clients.s3.send(
    new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  await clients.table.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  const { stateMachineArn = '' } = await clients.stepFunctions.send(
    new CreateStateMachineCommand({
      name: 'worker-test',
      roleArn: 'arn:aws:iam::000000000000:role/any',
      definition: JSON.stringify({ StartAt: 'Run', States: { Run: { Type: 'Wait', Seconds: 3600, End: true } } }),
    }),
  );
  return stateMachineArn;
}
