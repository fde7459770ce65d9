/**
 * The deployed service on a local stack, for tests of the whole machine: start one in `beforeAll`, register the databases
 * to back up, run executions, look at what they left, stop it in `afterAll`. A stack takes some 15 seconds to start, so a
 * test file shares one.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateDBClusterCommand, CreateDBInstanceCommand } from '@aws-sdk/client-rds';
import { CreateSecretCommand, PutSecretValueCommand, ResourceExistsException } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { localClients, type LocalClients } from '../../../local/clients.ts';
import { sdkEnvironment } from '../../../local/deploy.ts';
import { startStack, stopStack, type StackInfo, type StackOptions } from '../../../local/stack.ts';

export interface TestStackOptions {
  /** The text of holdfast.yml. */
  readonly config: string;
  readonly endpointOverrides?: NonNullable<StackOptions['endpointOverrides']>;
  readonly onEmulator?: NonNullable<StackOptions['onEmulator']>;
}

/** A login to a database server, as `startPostgres` returns it. */
export interface ServerLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface Registration {
  /** Name of the secret; it gets user name and password, and without `rds` host and port too. */
  readonly secret: string;
  /** Identifier of an RDS instance or cluster to register at the server's port. */
  readonly rds?: { readonly instance: string } | { readonly cluster: string };
  /** RDS's EngineVersion; default 17. */
  readonly engineVersion?: string;
  /** Stored as dbname in the secret. */
  readonly database?: string;
}

export interface TestStack {
  readonly info: StackInfo;
  /** Holds the stack's logs. */
  readonly directory: string;
  /** What any AWS SDK or CLI needs to talk to this stack, and nothing of the caller's environment but PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  readonly clients: LocalClients & { readonly dynamo: DynamoDBDocumentClient };
  /** Makes a server known as `holdfast.yml` names it: its secret, and its RDS instance or cluster. */
  registerDatabase(server: ServerLogin, registration: Registration): Promise<void>;
  /** Creates a secret or replaces its value. Objects are stored as JSON, text as it is. */
  putSecret(name: string, value: string | Readonly<Record<string, unknown>>): Promise<void>;
  /** Ends the stack and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a stack with the service deployed. The first start on a machine installs the toolchain. */
export async function startTestStack({ config, ...options }: TestStackOptions): Promise<TestStack> {
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-stack-'));
  try {
    const configFile = path.join(directory, 'holdfast.yml');
    await writeFile(configFile, config);
    return describe(await startStack({ directory, configFile, ...options }), directory);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function describe(info: StackInfo, directory: string): TestStack {
  const { endpoint, region, accessKeyId, secretAccessKey, endpoints } = info;
  const dynamo = new DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  const clients = { ...localClients(endpoint), dynamo: DynamoDBDocumentClient.from(dynamo) };
  const putSecret: TestStack['putSecret'] = (name, value) =>
    storeSecret(clients, name, typeof value === 'string' ? value : JSON.stringify(value));
  return {
    info,
    directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '/',
      ...sdkEnvironment(endpoint, endpoints),
    },
    clients,
    putSecret,
    registerDatabase: async ({ host, port, user, password }, { secret, rds, engineVersion = '17', database }) => {
      await putSecret(secret, {
        username: user,
        password,
        // What RDS knows is left to RDS, as in a secret that RDS manages.
        ...(rds ? {} : { host, port }),
        ...(database === undefined ? {} : { dbname: database }),
      });
      if (rds) await registerRds(clients, rds, port, engineVersion);
    },
    stop: async () => {
      for (const client of [...Object.values(clients), dynamo]) client.destroy();
      await stopStack(directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function storeSecret({ secretsManager }: LocalClients, name: string, SecretString: string): Promise<void> {
  try {
    await secretsManager.send(new CreateSecretCommand({ Name: name, SecretString }));
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
    await secretsManager.send(new PutSecretValueCommand({ SecretId: name, SecretString }));
  }
}

/** RDS wants a login; the emulator never uses it. */
const MASTER = { MasterUsername: 'postgres', MasterUserPassword: 'not-used-here' };

async function registerRds(
  { rds }: LocalClients,
  target: NonNullable<Registration['rds']>,
  Port: number,
  EngineVersion: string,
): Promise<void> {
  if ('instance' in target) {
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: target.instance,
        DBInstanceClass: 'db.t4g.medium',
        Engine: 'postgres',
        AllocatedStorage: 20,
        EngineVersion,
        Port,
        ...MASTER,
      }),
    );
    return;
  }
  const DBClusterIdentifier = target.cluster;
  await rds.send(
    new CreateDBClusterCommand({ DBClusterIdentifier, Engine: 'aurora-postgresql', EngineVersion, Port, ...MASTER }),
  );
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: `${target.cluster}-writer`,
      DBClusterIdentifier,
      DBInstanceClass: 'db.r6g.large',
      Engine: 'aurora-postgresql',
      EngineVersion,
    }),
  );
}
