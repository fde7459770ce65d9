import { describe, expect, it } from '@jest/globals';
import type { ObjectRole } from '../../../core/manifest.ts';
import { compareStored, requireArchive, type StoredState } from '../../../core/verify-object.ts';
import { databaseDump, storedObject } from './run-samples.ts';

const SENT = storedObject('orders.dump');
const STORED: StoredState = { sizeBytes: 1000, checksum: 'AAAAAA==', checksumType: 'FULL_OBJECT' };

describe('compareStored', () => {
  it('accepts what is stored as it was sent', () => {
    expect(() => {
      compareStored(SENT, STORED);
    }).not.toThrow();
  });

  it.each<[string, StoredState | undefined, string, string]>([
    ['nothing', undefined, 'ObjectMissing', 'object orders.dump version v1 is not in the bucket'],
    [
      'another size',
      { ...STORED, sizeBytes: 999 },
      'SizeMismatch',
      'object orders.dump version v1 has 999 bytes in S3, the worker sent 1000',
    ],
    [
      'no size',
      { ...STORED, sizeBytes: undefined },
      'SizeMismatch',
      'object orders.dump version v1 has no bytes in S3, the worker sent 1000',
    ],
    [
      'another checksum',
      { ...STORED, checksum: 'BBBBBB==' },
      'ChecksumMismatch',
      'object orders.dump version v1 has CRC32 BBBBBB== (FULL_OBJECT) in S3, the worker sent AAAAAA== (FULL_OBJECT)',
    ],
    [
      'the checksum of the checksums of its parts',
      { ...STORED, checksumType: 'COMPOSITE' },
      'ChecksumMismatch',
      'object orders.dump version v1 has CRC32 AAAAAA== (COMPOSITE) in S3, the worker sent AAAAAA== (FULL_OBJECT)',
    ],
    [
      'no checksum, which is not "no difference"',
      { ...STORED, checksum: undefined, checksumType: undefined },
      'ChecksumMismatch',
      'object orders.dump version v1 has CRC32 none (no type) in S3, the worker sent AAAAAA== (FULL_OBJECT)',
    ],
  ])('refuses %s', (_title, stored, name, message) => {
    expect(() => {
      compareStored(SENT, stored);
    }).toThrow(expect.objectContaining({ name, message }));
  });

  it('names no version where the worker never learned it', () => {
    expect(() => {
      compareStored({ ...SENT, versionId: null }, undefined);
    }).toThrow('object orders.dump is not in the bucket');
  });
});

describe('requireArchive', () => {
  it.each<[ObjectRole[]]>([[['archive']], [['archive', 'roles', 'evidence']], [['schema', 'data', 'data']]])(
    'accepts %j',
    (roles) => {
      expect(() => {
        requireArchive(dumpWith(roles));
      }).not.toThrow();
    },
  );

  it.each<[ObjectRole[], string]>([
    [[], 'no archive'],
    [['roles', 'evidence'], 'no archive'],
    [['schema'], '0 archive, 1 schema and 0 data objects'],
    [['data', 'data'], '0 archive, 0 schema and 2 data objects'],
    [['schema', 'schema', 'data'], '0 archive, 2 schema and 1 data objects'],
    [['archive', 'archive'], '2 archive, 0 schema and 0 data objects'],
    [['archive', 'data'], '1 archive, 0 schema and 1 data objects'],
  ])('refuses %j', (roles, found) => {
    const message = `the worker reported ${found} for database orders: a dump is one archive, or one schema with its data`;
    expect(() => {
      requireArchive(dumpWith(roles));
    }).toThrow(expect.objectContaining({ name: 'ObjectMissing', message }));
  });
});

function dumpWith(roles: readonly ObjectRole[]) {
  return databaseDump('orders', { objects: roles.map((role) => storedObject(role, { role })) });
}
