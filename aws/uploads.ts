/** Open multipart uploads. */
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  NoSuchUpload,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';

/**
 * Aborts every open upload below a prefix; each abort is awaited.
 * @returns how many were aborted
 */
export async function abortUploads(prefix: string): Promise<number> {
  return (await abortThose(prefix, () => true)).length;
}

/**
 * Aborts every upload of the bucket that was begun before a moment.
 * @returns their keys
 */
export async function abortUploadsBefore(moment: Date): Promise<string[]> {
  return abortThose('', ({ Initiated }) => Initiated !== undefined && Initiated < moment);
}

async function abortThose(Prefix: string, isMeant: (upload: MultipartUpload) => boolean): Promise<string[]> {
  const Bucket = bucketName();
  const aborted: string[] = [];
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    page = await s3().send(
      new ListMultipartUploadsCommand({
        Bucket,
        Prefix,
        KeyMarker: page?.NextKeyMarker,
        UploadIdMarker: page?.NextUploadIdMarker,
      }),
    );
    for (const upload of (page.Uploads ?? []).filter(isMeant)) {
      await abort(Bucket, upload.Key, upload.UploadId);
      aborted.push(upload.Key ?? '');
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
