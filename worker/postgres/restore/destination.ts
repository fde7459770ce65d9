/** Which server a restore goes to. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { required } from '../../../aws/environment.ts';
import { Connection } from '../../../core/config/connection.ts';
import { HoldfastError } from '../../../core/errors.ts';
import type { RestoreDestination } from '../../../core/restore-record.ts';
import { readConnectionSecret } from '../../secret.ts';
import { RDS_CA_FILE, rdsCertificatesPem, trustedCertificates, type TrustedCertificates } from '../certificates.ts';
import { resolveServer, type Server, type ServerPlan } from '../server.ts';
import { verifies } from '../tls.ts';

const DEFAULT_PORT = 5432;

export interface Destination {
  readonly server: Server;
  /** Of the secret that the destination names; a restore that names no database goes there. */
  readonly secretDatabase: string | undefined;
}

/**
 * The login comes from the destination's own secret, or from the source's connection; so does the address.
 * @param certificatesDirectory where rds-ca.pem is
 * @throws SecretNotFound, SecretInvalid, AccessDenied, SourceUnreachable, InvalidConfig, or the signal's reason
 */
export async function resolveDestination(
  to: RestoreDestination,
  certificatesDirectory: string,
  signal: AbortSignal,
): Promise<Destination> {
  const { given, fallback } = to;
  const secret = given.secret === undefined ? {} : await readConnectionSecret(given.secret, signal);
  const named = definedOf(given);
  const hasAddress = (given.host ?? secret.host) !== undefined;
  const rds = hasAddress || to.rds === undefined ? {} : { rds: to.rds };
  const connection =
    given.secret === undefined
      ? { ...fallback, ...named }
      : {
          auth: fallback.auth,
          sslMode: fallback.sslMode,
          ...named,
          ...(!hasAddress && (await addressOf(to, certificatesDirectory, signal))),
        };
  const server = await resolveServer({ connection, ...rds }, certificatesDirectory, signal);
  return { server, secretDatabase: secret.dbname };
}

/** Where the source is; its login is asked for and thrown away. */
async function addressOf(
  { fallback, rds }: RestoreDestination,
  directory: string,
  signal: AbortSignal,
): Promise<{ host: string; port: number }> {
  const plan: ServerPlan = { connection: fallback, ...(rds && { rds }) };
  const { host, port, certificates } = await resolveServer(plan, directory, signal);
  certificates.dispose();
  return { host, port };
}

function definedOf<Fields extends object>(fields: Fields): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
}

/**
 * The server that libpq's variables name: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT.
 * @throws InvalidInput for a mode that libpq does not know
 */
export function environmentDestination(): Destination {
  const { PGPORT: port, PGPASSWORD: password = '', PGDATABASE: database, PGSSLMODE: mode = 'prefer' } = process.env;
  const { data: sslMode } = Connection.shape.sslMode.safeParse(mode);
  if (sslMode === undefined) throw new HoldfastError('InvalidInput', `PGSSLMODE ${mode} is no mode of libpq`);
  const server: Server = {
    host: required('PGHOST'),
    port: port === undefined ? DEFAULT_PORT : Number(port),
    user: required('PGUSER'),
    database,
    sslMode,
    certificates: environmentCertificates(verifies(sslMode)),
    password: () => Promise.resolve(password),
  };
  return { server, secretDatabase: undefined };
}

/** Without PGSSLROOTCERT: the roots of RDS and of the system. */
function environmentCertificates(needed: boolean): TrustedCertificates {
  const file = process.env['PGSSLROOTCERT'];
  if (!needed) return { file: '', pem: '', dispose: () => undefined };
  if (file !== undefined) return { file, pem: readFileSync(file, 'utf8'), dispose: () => undefined };
  const directory = mkdtempSync(path.join(tmpdir(), 'holdfast-rds-ca-'));
  writeFileSync(path.join(directory, RDS_CA_FILE), rdsCertificatesPem());
  const trusted = trustedCertificates(directory, false);
  return {
    ...trusted,
    dispose: () => {
      trusted.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
