/** libpq's sslmode, spoken to both drivers: node-postgres here and libpq in the client programs. */
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import type { Connection } from '../../core/config/schema.ts';
import type { TrustedCertificates } from './certificates.ts';

export type SslMode = Connection['sslMode'];

/** `false`: no TLS. */
export type TlsChoice = false | ConnectionOptions;

/** What to try, in order: only `allow` and `prefer` have a second choice. */
export function tlsChoices(mode: SslMode, host: string, certificates: TrustedCertificates): readonly TlsChoice[] {
  const unverified: TlsChoice = { rejectUnauthorized: false };
  const ca = certificates.pem;
  switch (mode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, unverified];
    case 'prefer':
      return [unverified, false];
    case 'require':
      return [unverified];
    case 'verify-ca':
      return [{ ca, checkServerIdentity: () => undefined }];
    case 'verify-full':
      return [{ ca, checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) }];
  }
}

/** With a root file, libpq would verify in mode `require` too; elsewhere it is not read. */
export function libpqTlsEnvironment(mode: SslMode, certificates: TrustedCertificates): Record<string, string> {
  return { PGSSLMODE: mode, ...(verifies(mode) ? { PGSSLROOTCERT: certificates.file } : {}) };
}

/** Whether the server has to prove who it is. */
export function verifies(mode: SslMode): boolean {
  return mode === 'verify-ca' || mode === 'verify-full';
}
