/** The end of an upload that nobody wants: S3 keeps no part of it. */
import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import { uploadS3 } from '../aws/clients.ts';
import { withRetries } from './retry.ts';
import { uploadError } from './upload-error.ts';

/** All of an abort: ECS kills a task 120 s at most after it was told to stop, and a run has many uploads and attempts. */
export const ABORT_MAX_MS = 6_000;
/** No attempt begins later. */
const ABORT_GIVE_UP_MS = 3_000;

export interface OpenUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

/**
 * @param signal ends attempts and pauses
 * @returns "gone" when S3 knew no such upload at the first request: it had been completed or aborted before
 * @throws UploadFailed, AccessDenied
 */
export async function abortUpload(
  { bucket, key, uploadId }: OpenUpload,
  signal: AbortSignal,
): Promise<'ended' | 'gone'> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
  const limits = { giveUpAfterMs: ABORT_GIVE_UP_MS, attemptTimeoutMs: ABORT_MAX_MS, signal };
  try {
    return await withRetries(limits, async (abortSignal, number) => {
      try {
        await uploadS3().send(command, { abortSignal });
        return 'ended';
      } catch (error) {
        if (!isNoSuchUpload(error)) throw error;
        return number === 1 ? 'gone' : 'ended';
      }
    });
  } catch (error) {
    throw uploadError(key, 's3:AbortMultipartUpload', error);
  }
}

export function isNoSuchUpload(error: unknown): boolean {
  return error instanceof Error && error.name === 'NoSuchUpload';
}
