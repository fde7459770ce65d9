/** The comparison that makes a dump "verified". */
import { HoldfastError } from './errors.ts';
import type { DatabaseDump, StoredObject } from './manifest.ts';

/** What S3 says that it stores; a field that S3 did not give is undefined. */
export interface StoredState {
  readonly sizeBytes: number | undefined;
  /** CRC32, base64 of the big-endian value. */
  readonly checksum: string | undefined;
  readonly checksumType: string | undefined;
}

/**
 * @param expected what the worker reported
 * @param stored what S3 holds; undefined: nothing under that key and version
 * @throws ObjectMissing, SizeMismatch, ChecksumMismatch
 */
export function compareStored(expected: StoredObject, stored: StoredState | undefined): void {
  const version = expected.versionId === null ? '' : ` version ${expected.versionId}`;
  const object = `object ${expected.key}${version}`;
  if (!stored) throw new HoldfastError('ObjectMissing', `${object} is not in the bucket`);
  if (stored.sizeBytes !== expected.sizeBytes) {
    throw new HoldfastError(
      'SizeMismatch',
      `${object} has ${stored.sizeBytes ?? 'no'} bytes in S3, the worker sent ${expected.sizeBytes}`,
    );
  }
  const { type, value } = expected.checksum;
  if (stored.checksumType !== type || stored.checksum !== value) {
    throw new HoldfastError(
      'ChecksumMismatch',
      `${object} has CRC32 ${stored.checksum ?? 'none'} (${stored.checksumType ?? 'no type'}) in S3, ` +
        `the worker sent ${value} (${type})`,
    );
  }
}

/** A dump without an archive holds no data, whatever else was stored with it. @throws ObjectMissing */
export function requireArchive({ database, objects }: DatabaseDump): void {
  const roles = new Set(objects.map(({ role }) => role));
  if (roles.has('archive') || (roles.has('schema') && roles.has('data'))) return;
  throw new HoldfastError('ObjectMissing', `the worker reported no archive for database ${database}`);
}
