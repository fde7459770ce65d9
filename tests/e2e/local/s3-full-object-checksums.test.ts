import { crc32 } from 'node:zlib';
import { expect } from '@jest/globals';
import { GetObjectAttributesCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { createBucket, MIB, uploadParts } from './s3.ts';
import { describeMend } from './mend-suite.ts';

const PARTS = [Buffer.alloc(5 * MIB, 'a'), Buffer.from('the end')];

/** As S3 writes it, computed by another implementation than the emulator's. */
function crc32Base64(parts: readonly Buffer[]): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(Buffer.concat(parts)));
  return bytes.toString('base64');
}

describeMend('s3_full_object_checksums', {
  'CRC32 of the whole object, by HEAD and by its attributes': async (emulator) => {
    const s3 = await createBucket(emulator, 'crc32');
    const upload = { bucket: 'crc32', key: 'o', parts: PARTS };
    await uploadParts(s3, { ...upload, create: { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } });
    const expected = { ChecksumCRC32: crc32Base64(PARTS), ChecksumType: 'FULL_OBJECT' };
    const object = { Bucket: 'crc32', Key: 'o' };
    expect(await s3.send(new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' }))).toMatchObject(expected);
    const attributes = new GetObjectAttributesCommand({ ...object, ObjectAttributes: ['Checksum', 'ObjectSize'] });
    expect(await s3.send(attributes)).toMatchObject({ Checksum: expected });
  },

  'CRC64NVME is of the whole object without being asked': async (emulator) => {
    const s3 = await createBucket(emulator, 'crc64');
    const upload = { bucket: 'crc64', key: 'o', parts: PARTS, create: { ChecksumAlgorithm: 'CRC64NVME' as const } };
    expect(await uploadParts(s3, upload)).toMatchObject({ ChecksumType: 'FULL_OBJECT' });
  },

  'the checksum that the caller states must be that of the whole': async (emulator) => {
    const s3 = await createBucket(emulator, 'stated');
    const create = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const upload = { bucket: 'stated', key: 'o', parts: PARTS, create };
    const right = { ChecksumCRC32: crc32Base64(PARTS), ChecksumType: 'FULL_OBJECT' } as const;
    await expect(uploadParts(s3, { ...upload, complete: right })).resolves.toBeDefined();
    const wrong = { ...right, ChecksumCRC32: 'AAAAAA==' };
    await expect(uploadParts(s3, { ...upload, complete: wrong })).rejects.toThrow(/CRC32/);
  },
});
