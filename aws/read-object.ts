/** Reads a stored object to its end and says what was read. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { GetObjectCommand, NoSuchKey, S3ServiceException } from '@aws-sdk/client-s3';
import type { StoredObject } from '../core/manifest.ts';
import type { ReadContent } from '../core/verify-object.ts';
import { s3 } from './clients.ts';

/** Of a version that is gone, that is a delete marker, or whose key never was. */
const MISSING_STATUS: readonly (number | undefined)[] = [404, 405];

/**
 * @param onBytes told of every piece as it comes
 * @returns undefined when there is no such version
 * @throws what the SDK throws: of an archived object InvalidObjectState
 */
export async function readContent(
  bucket: string,
  { key, versionId }: StoredObject,
  onBytes: (count: number) => void,
): Promise<ReadContent | undefined> {
  const body = await openObject(bucket, key, versionId);
  if (!body) return undefined;
  const sha256 = createHash('sha256');
  let sum = 0;
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    sum = crc32(chunk, sum);
    sizeBytes += chunk.length;
    onBytes(chunk.length);
  }
  const value = Buffer.alloc(4);
  value.writeUInt32BE(sum);
  return { sizeBytes, sha256: sha256.digest('hex'), crc32: value.toString('base64') };
}

async function openObject(bucket: string, key: string, versionId: string | null): Promise<Readable | undefined> {
  try {
    const version = versionId === null ? {} : { VersionId: versionId };
    const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key, ...version }));
    return Body instanceof Readable ? Body : Readable.from([]);
  } catch (error) {
    const isMissing = error instanceof S3ServiceException && MISSING_STATUS.includes(error.$metadata.httpStatusCode);
    if (isMissing || error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
