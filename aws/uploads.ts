/** Open multipart uploads of a run. */
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  NoSuchUpload,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';

/**
 * Aborts every open upload below a prefix; each abort is awaited.
 * @returns how many were aborted
 */
export async function abortUploads(prefix: string): Promise<number> {
  const Bucket = bucketName();
  let aborted = 0;
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    page = await s3().send(
      new ListMultipartUploadsCommand({
        Bucket,
        Prefix: prefix,
        KeyMarker: page?.NextKeyMarker,
        UploadIdMarker: page?.NextUploadIdMarker,
      }),
    );
    for (const { Key, UploadId } of page.Uploads ?? []) {
      await abort(Bucket, Key, UploadId);
      aborted += 1;
    }
  } while (page.IsTruncated);
  return aborted;
}

async function abort(Bucket: string, Key: string | undefined, UploadId: string | undefined): Promise<void> {
  try {
    await s3().send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  } catch (error) {
    if (!(error instanceof NoSuchUpload)) throw error; // gone already: by the worker itself
  }
}
