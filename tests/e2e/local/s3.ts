import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
  type CompleteMultipartUploadCommandInput,
  type CompleteMultipartUploadCommandOutput,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import type { TestEmulator } from './test-emulator.ts';

export const MIB = 1024 * 1024;

export function s3Of(emulator: TestEmulator, settings: ConstructorParameters<typeof S3Client>[0] = {}): S3Client {
  return new S3Client({ ...emulator.settings, forcePathStyle: true, ...settings });
}

/** Makes a bucket of that name; a second call for the same emulator needs another name. */
export async function createBucket(emulator: TestEmulator, Bucket: string, objectLock = false): Promise<S3Client> {
  const s3 = s3Of(emulator);
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: objectLock }));
  return s3;
}

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly parts: readonly Buffer[];
  readonly create?: Partial<CreateMultipartUploadCommandInput>;
  readonly complete?: Partial<CompleteMultipartUploadCommandInput>;
}

/** A multipart upload from its beginning to its end. */
export async function uploadParts(s3: S3Client, upload: Upload): Promise<CompleteMultipartUploadCommandOutput> {
  const target = { Bucket: upload.bucket, Key: upload.key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ...upload.create }));
  const Parts = [];
  for (const [index, Body] of upload.parts.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
    Parts.push({ ETag, PartNumber });
  }
  return s3.send(
    new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts }, ...upload.complete }),
  );
}
