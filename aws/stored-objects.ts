/** What S3 says of the objects of a recovery point, without reading them. */
import { ChecksumMode, HeadObjectCommand, NotFound, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { StoredObject } from '../core/manifest.ts';
import type { StorageState } from '../core/thaw.ts';
import { compareStored } from '../core/verify-object.ts';
import { s3 } from './clients.ts';

/**
 * Asks for exactly the version that is recorded, and compares size and checksum with the record.
 * @throws ObjectMissing, SizeMismatch, ChecksumMismatch
 */
export async function headStored(bucket: string, object: StoredObject): Promise<HeadObjectCommandOutput | undefined> {
  const head = await headObject(bucket, object);
  compareStored(
    object,
    head && {
      sizeBytes: head.ContentLength,
      checksum: head.ChecksumCRC32,
      checksumType: head.ChecksumType,
    },
  );
  return head;
}

/** Whether the objects can be read, or are archived. @throws as headStored */
export async function storageStates(bucket: string, objects: readonly StoredObject[]): Promise<StorageState[]> {
  const heads = await Promise.all(objects.map((object) => headStored(bucket, object)));
  return heads.map((head, index) => ({
    sizeBytes: objects[index]?.sizeBytes ?? 0,
    storageClass: head?.StorageClass,
    archiveStatus: head?.ArchiveStatus,
    restore: head?.Restore,
  }));
}

async function headObject(
  bucket: string,
  { key, versionId }: StoredObject,
): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await s3().send(
      new HeadObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(versionId !== null && { VersionId: versionId }),
        ChecksumMode: ChecksumMode.ENABLED,
      }),
    );
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
