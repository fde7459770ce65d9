/** Which server a plan means, and how to log in there. */
import { Signer } from '@aws-sdk/rds-signer';
import { HoldfastError } from '../../core/errors.ts';
import type { DumpPlan } from '../../core/run-record.ts';
import { readConnectionSecret, type ConnectionSecret } from '../secret.ts';
import { trustedCertificates, type TrustedCertificates } from './certificates.ts';
import { rdsEndpoint, type Endpoint } from './endpoint.ts';
import { verifies, type SslMode } from './tls.ts';

const DEFAULT_PORT = 5432;

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The connection's own database, where one is named. */
  readonly database: string | undefined;
  readonly sslMode: SslMode;
  readonly certificates: TrustedCertificates;
  /** For every login anew: a token of IAM lives 15 minutes. */
  password(): Promise<string>;
}

/** What names a server: of a plan for a dump, or of the destination of a restore. */
export type ServerPlan = Pick<DumpPlan, 'connection' | 'rds' | 'databases'>;

/**
 * What the configuration says wins over the secret, and the secret over RDS.
 * @param certificatesDirectory where rds-ca.pem is
 * @throws SecretNotFound, SecretInvalid, AccessDenied, SourceUnreachable, or the signal's reason
 */
export async function resolveServer(
  plan: ServerPlan,
  certificatesDirectory: string,
  signal: AbortSignal,
): Promise<Server> {
  const { connection } = plan;
  const secret = connection.secret === undefined ? {} : await readConnectionSecret(connection.secret, signal);
  const endpoint = await endpointOf(plan, secret, signal);
  const user = connection.user ?? secret.username ?? missing(plan, 'username');
  return {
    ...endpoint,
    user,
    database: connection.database ?? secret.dbname ?? endpoint.database,
    sslMode: connection.sslMode,
    certificates: trustedCertificates(certificatesDirectory, plan.rds !== undefined || !verifies(connection.sslMode)),
    password:
      connection.auth === 'iam' ? iamTokens(endpoint, user) : constant(secret.password ?? missing(plan, 'password')),
  };
}

/** RDS is asked only for what nobody named: a role may lack the permission when it is not needed. */
async function endpointOf(
  { connection, rds, databases }: ServerPlan,
  secret: ConnectionSecret,
  signal: AbortSignal,
): Promise<Endpoint> {
  const host = connection.host ?? secret.host;
  const port = connection.port ?? secret.port;
  const isDatabaseNamed = (databases ?? connection.database ?? secret.dbname) !== undefined;
  if (rds !== undefined && (host === undefined || port === undefined || !isDatabaseNamed)) {
    const found = await rdsEndpoint(rds, signal);
    return { host: host ?? found.host, port: port ?? found.port, database: found.database };
  }
  return { host: host ?? missing({ connection }, 'host'), port: port ?? DEFAULT_PORT, database: undefined };
}

function missing({ connection }: Pick<ServerPlan, 'connection'>, field: string): never {
  const key = field === 'username' ? 'connection.user' : `connection.${field}`;
  if (connection.secret === undefined) {
    throw new HoldfastError('InvalidConfig', `${key} is missing and no connection.secret is named: set one of them`);
  }
  const or = field === 'password' ? '' : `, or set ${key} in holdfast.yml`;
  throw new HoldfastError('SecretInvalid', `secret ${connection.secret} has no "${field}": add it${or}`);
}

const constant = (password: string) => (): Promise<string> => Promise.resolve(password);

/** Signed by the task's role; the signature needs the real endpoint, no alias of it. */
function iamTokens({ host, port }: Endpoint, user: string): () => Promise<string> {
  const signer = new Signer({ hostname: host, port, username: user });
  return () => signer.getAuthToken();
}
