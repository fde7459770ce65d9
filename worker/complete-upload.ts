/** The moment at which an object becomes visible, and what is known when S3's answer to it was lost. */
import { CompleteMultipartUploadCommand, type CompletedPart } from '@aws-sdk/client-s3';
import { uploadS3 } from '../aws/clients.ts';
import { abortUpload, isNoSuchUpload, type OpenUpload } from './abort-upload.ts';
import { httpStatus, isRetryable, withRetries } from './retry.ts';
import { uploadError } from './upload-error.ts';
import type { UploadLimits } from './upload-limits.ts';

/** S3 may take minutes to put an object of thousands of parts together; it sends blanks meanwhile. */
const ATTEMPT_TIMEOUT_MS = 300_000;

export interface FinishedUpload extends OpenUpload {
  readonly parts: readonly CompletedPart[];
  readonly sizeBytes: number;
  /** Of the whole object, base64. */
  readonly crc32: string;
}

/**
 * @returns the version; null when an earlier answer was lost or was an error, and S3 now says that the upload is gone or the
 * key is taken: most likely it was completed then, which the verifier settles by looking at the object
 * @throws UploadFailed when the key was taken or the upload gone from the first, AccessDenied
 */
export async function completeUpload(
  upload: FinishedUpload,
  { giveUpAfterMs }: UploadLimits,
  signal: AbortSignal,
): Promise<{ versionId: string | null }> {
  const command = new CompleteMultipartUploadCommand({
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    MultipartUpload: { Parts: [...upload.parts] },
    ChecksumType: 'FULL_OBJECT',
    ChecksumCRC32: upload.crc32,
    MpuObjectSize: upload.sizeBytes,
    IfNoneMatch: '*',
  });
  const limits = { giveUpAfterMs, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS, signal, retryable };
  try {
    return await withRetries(limits, async (abortSignal, number) => {
      try {
        const { VersionId } = await uploadS3().send(command, { abortSignal });
        return { versionId: VersionId ?? null };
      } catch (error) {
        if (number > 1 && isGoneOrTaken(error)) return { versionId: null };
        throw error;
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    if (retryable(error) && (await wasCompleted(upload, signal))) return { versionId: null };
    throw uploadError(upload.key, 's3:PutObject', error);
  }
}

function isGoneOrTaken(error: unknown): boolean {
  return httpStatus(error) === 412 || isNoSuchUpload(error);
}

/** S3 may complete an upload and answer with errors only. One that is not there to be aborted was completed. */
async function wasCompleted(upload: OpenUpload, signal: AbortSignal): Promise<boolean> {
  const end = await abortUpload(upload, signal).catch(() => 'unknown' as const);
  signal.throwIfAborted();
  return end === 'gone';
}

/** The checksum of the whole object does not become right by sending it again. */
function retryable(error: unknown): boolean {
  return isRetryable(error) && !(error instanceof Error && error.name === 'BadDigest');
}
