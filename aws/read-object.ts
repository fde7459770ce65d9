/** Reads a stored object to its end and says what was read. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { GetObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { base64OfCrc32 } from '../core/crc32.ts';
import type { StoredObject } from '../core/manifest.ts';
import type { ReadContent } from '../core/verify-object.ts';
import { restoreS3 } from './clients.ts';

/** Of a version that is gone, that is a delete marker, or whose key never was. */
const MISSING_STATUS: readonly (number | undefined)[] = [404, 405];

/** A connection that breaks proves nothing about the object: it is read again, from its first byte. */
const ATTEMPTS = 3;

/**
 * @param onBytes told of every piece as it comes
 * @returns undefined when there is no such version
 * @throws what the SDK throws: of an archived object InvalidObjectState; what the connection threw when it broke thrice
 */
export async function readContent(
  bucket: string,
  object: StoredObject,
  onBytes: (count: number) => void,
): Promise<ReadContent | undefined> {
  for (let attempt = 1; ; attempt++) {
    const body = await openObject(bucket, object);
    if (!body) return undefined;
    try {
      return await contentOf(body, onBytes);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function contentOf(body: Readable, onBytes: (count: number) => void): Promise<ReadContent> {
  const sha256 = createHash('sha256');
  let sum = 0;
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    sum = crc32(chunk, sum);
    sizeBytes += chunk.length;
    onBytes(chunk.length);
  }
  return { sizeBytes, sha256: sha256.digest('hex'), crc32: base64OfCrc32(sum) };
}

async function openObject(bucket: string, { key, versionId }: StoredObject): Promise<Readable | undefined> {
  try {
    const version = versionId === null ? {} : { VersionId: versionId };
    const { Body } = await restoreS3().send(new GetObjectCommand({ Bucket: bucket, Key: key, ...version }));
    return Body instanceof Readable ? Body : Readable.from([]);
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    if (MISSING_STATUS.includes(error.$metadata.httpStatusCode)) return undefined;
    throw error;
  }
}
