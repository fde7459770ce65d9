/** The demo's world: a local stack, a PostgreSQL server with a shop's data, its secret and its RDS registration. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CreateDBInstanceCommand } from '@aws-sdk/client-rds';
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { localClients } from '../clients.ts';
import { sdkEnvironment } from '../deploy.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { startStack, stopStack, type StackInfo } from '../stack.ts';
import { createDatabase, fillSample } from './database.ts';
import { fact } from './terminal.ts';

export const SOURCE = 'shop';
export const DATABASE = 'shop';
const SECRET = 'demo/shop';
const INSTANCE = 'shop-prod';

/** Where to restore to: the secret's login, on the server that RDS knows. */
export const TARGET = 'production';

const CONFIG = `notifications: { email: [ops@example.com], on: [failed, succeeded] }
restoreTargets: { ${TARGET}: { secret: ${SECRET}, sslMode: require } }
sources:
  ${SOURCE}:
    type: postgres
    rds: { instance: ${INSTANCE} }
    connection: { secret: ${SECRET}, sslMode: require }
    databases: [${DATABASE}]
    schedule: { cron: "30 2 * * ? *", timezone: Europe/Paris, jitterMinutes: 15 }
    restoreTest:
      cron: "0 6 1 * ? *"
      rto: 1h
      checks: [{ name: there are orders, sql: "select count(*) > 100000 from orders", expect: true }]
`;

export interface Shop {
  readonly stack: StackInfo;
  readonly server: PostgresServer;
  readonly clients: ReturnType<typeof localClients>;
  /** What an AWS SDK or CLI needs to talk to this stack. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes the stored password one that the server refuses. */
  breakPassword(): Promise<void>;
  /** Makes it the right one again. */
  mendPassword(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param directory the stack's folder
 * @param signal ends what was started by then, and throws its reason
 */
export async function startShop(directory: string, signal: AbortSignal): Promise<Shop> {
  await mkdir(directory, { recursive: true });
  const configFile = path.join(directory, 'holdfast.yml');
  await writeFile(configFile, CONFIG);
  const stack = await startStack({ directory, configFile, say: fact, signal });
  try {
    const server = await startPostgres({ major: 17, password: 'p@ss/w:rd?&=#%', tls: true });
    try {
      fact(`filling database ${DATABASE} on PostgreSQL ${server.major} with a shop's data`);
      await createDatabase(server, DATABASE);
      await fillSample(server, DATABASE);
      signal.throwIfAborted();
      return await register(stack, server, directory);
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    await stopStack(directory);
    throw error;
  }
}

async function register(stack: StackInfo, server: PostgresServer, directory: string): Promise<Shop> {
  const clients = localClients(stack.endpoint);
  const secretValue = (password: string): string => JSON.stringify({ username: server.user, password });
  await clients.secretsManager.send(
    new CreateSecretCommand({ Name: SECRET, SecretString: secretValue(server.password) }),
  );
  const storePassword = async (password: string): Promise<void> => {
    const value = { SecretId: SECRET, SecretString: secretValue(password) };
    await clients.secretsManager.send(new PutSecretValueCommand(value));
  };
  await clients.rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: INSTANCE,
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      EngineVersion: String(server.major),
      AllocatedStorage: 20,
      Port: server.port,
      DBName: DATABASE,
      MasterUsername: server.user,
      // RDS wants one; the emulator never uses it.
      MasterUserPassword: 'not-used-here',
    }),
  );
  return {
    stack,
    server,
    clients,
    env: sdkEnvironment(stack.endpoint, stack.endpoints),
    breakPassword: () => storePassword('changed-by-somebody'),
    mendPassword: () => storePassword(server.password),
    stop: async () => {
      await stopStack(directory);
      await server.stop();
    },
  };
}
