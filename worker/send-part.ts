/** One part on its way to S3: the same bytes in every attempt, until S3 says that it holds just these. */
import type { Readable } from 'node:stream';
import { UploadPartCommand, type CompletedPart } from '@aws-sdk/client-s3';
import { uploadS3 } from '../aws/clients.ts';
import { base64OfCrc32 } from '../core/crc32.ts';
import { withRetries } from './retry.ts';
import type { UploadLimits } from './upload-limits.ts';

/** A part gets more time the larger it is: what a slow line still manages. */
const SLOWEST_BYTES_PER_MS = 512;

export interface PartToSend {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  /** From 1. */
  readonly number: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  /**
   * All its bytes, for one attempt. As a stream, because of a buffer the SDK would read all bytes once more for their
   * SHA-256, for no gain: S3 compares the body with its CRC32, which is in a signed header, and TLS keeps others out. And
   * TLS would make a copy of all of it at once.
   */
  open(): Readable;
}

/**
 * When it has settled, nothing reads the part's bytes any more.
 * @throws what the SDK throws, or the signal's reason
 */
export async function sendPart(
  part: PartToSend,
  { giveUpAfterMs, attemptTimeoutMs }: UploadLimits,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const { number: PartNumber, sizeBytes } = part;
  const ChecksumCRC32 = base64OfCrc32(part.crc32);
  const transferMs = Math.ceil(sizeBytes / SLOWEST_BYTES_PER_MS);
  const limits = {
    giveUpAfterMs: giveUpAfterMs + transferMs,
    attemptTimeoutMs: attemptTimeoutMs + transferMs,
    signal,
  };
  return withRetries(limits, async (abortSignal) => {
    const body = part.open();
    const command = new UploadPartCommand({
      Bucket: part.bucket,
      Key: part.key,
      UploadId: part.uploadId,
      PartNumber,
      Body: body,
      ContentLength: sizeBytes,
      ChecksumCRC32,
    });
    // The SDK does not notice when its source breaks off.
    const broken = new Promise<never>((_, reject) => body.once('error', reject));
    try {
      const answer = await Promise.race([uploadS3().send(command, { abortSignal }), broken]);
      if (answer.ChecksumCRC32 !== undefined && answer.ChecksumCRC32 !== ChecksumCRC32) {
        throw new Error(`S3 took part ${PartNumber} with the CRC32 ${answer.ChecksumCRC32}, not ${ChecksumCRC32}`);
      }
      return { PartNumber, ETag: answer.ETag, ChecksumCRC32 };
    } finally {
      body.destroy();
    }
  });
}
