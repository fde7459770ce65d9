import { chmod, chown } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './run-command.ts';
import type { UserIds } from './unprivileged-user.ts';

export interface ServerCertificate {
  readonly caFile: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * A self-signed certificate for `localhost` and 127.0.0.1, which is its own authority. Needs the `openssl` program.
 */
export async function makeServerCertificate(directory: string, ids: UserIds | undefined): Promise<ServerCertificate> {
  const certificate = path.join(directory, 'server.crt');
  const key = path.join(directory, 'server.key');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const output = ['-days', '30', '-out', certificate, '-keyout', key];
  await runCommand('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-batch', ...subject, ...output]);
  // Postgres refuses a key that others can read.
  await chmod(key, 0o600);
  if (ids) {
    await chown(key, ids.uid, ids.gid);
    await chown(certificate, ids.uid, ids.gid);
  }
  return { caFile: certificate, settings: { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key } };
}
