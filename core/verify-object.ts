/** The comparison that makes a dump "verified". */
import { HoldfastError } from './errors.ts';
import type { DatabaseDump, ObjectRole, StoredObject } from './manifest.ts';

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

/**
 * Without all of its archives a dump does not hold the database, whatever else was stored with it: that is one archive,
 * or a schema and the data beside it.
 * @throws ObjectMissing
 */
export function requireArchive({ database, objects }: DatabaseDump): void {
  const count = (role: ObjectRole): number => objects.filter((object) => object.role === role).length;
  const [whole, schemas, data] = [count('archive'), count('schema'), count('data')];
  if (whole === 1 && schemas === 0 && data === 0) return;
  if (whole === 0 && schemas === 1 && data > 0) return;
  const found =
    whole + schemas + data === 0 ? 'no archive' : `${whole} archive, ${schemas} schema and ${data} data objects`;
  throw new HoldfastError(
    'ObjectMissing',
    `the worker reported ${found} for database ${database}: a dump is one archive, or one schema with its data`,
  );
}

/** What was read of an object, from its first byte to its last. */
export interface ReadContent {
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Base64 of the big-endian value. */
  readonly crc32: string;
}

/**
 * @param expected what is recorded
 * @param read undefined: there is nothing under that key and version
 * @throws ObjectMissing, SizeMismatch, ChecksumMismatch
 */
export function compareContent(expected: StoredObject, read: ReadContent | undefined): void {
  const { type, value } = expected.checksum;
  compareStored(expected, read && { sizeBytes: read.sizeBytes, checksum: read.crc32, checksumType: type });
  if (read?.sha256 === expected.sha256 && read.crc32 === value) return;
  const message = `object ${expected.key} has SHA-256 ${read?.sha256 ?? 'none'}, ${expected.sha256} is recorded`;
  throw new HoldfastError('ChecksumMismatch', message);
}
