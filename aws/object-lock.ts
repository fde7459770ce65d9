/** S3 Object Lock: whether a bucket has it, and what it protects. */
import {
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';

export async function hasObjectLock(bucket: string): Promise<boolean> {
  try {
    const { ObjectLockConfiguration } = await s3().send(new GetObjectLockConfigurationCommand({ Bucket: bucket }));
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  } catch (error) {
    if (error instanceof Error && error.name === 'ObjectLockConfigurationNotFoundError') return false;
    throw error;
  }
}

/**
 * Asks before anything is removed, so that a point that is locked stays whole.
 * @returns why an object may not be deleted yet, or undefined
 */
export async function whyLocked(
  objects: readonly { readonly key: string; readonly versionId: string | null }[],
  now: Date,
): Promise<string | undefined> {
  for (const { key, versionId } of objects) {
    const target = { Bucket: bucketName(), Key: key, ...(versionId !== null && { VersionId: versionId }) };
    const retention = await unlessNoLock(s3().send(new GetObjectRetentionCommand(target)));
    const until = retention?.Retention?.RetainUntilDate;
    if (until && until > now) return `locked by S3 until ${until.toISOString()}`;
    const hold = await unlessNoLock(s3().send(new GetObjectLegalHoldCommand(target)));
    if (hold?.LegalHold?.Status === 'ON') return 'under a legal hold of S3';
  }
  return undefined;
}

/** An object without a lock, and one that is gone, are answered with an error. */
async function unlessNoLock<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (/^(NoSuchObjectLockConfiguration|NoSuchKey|NoSuchVersion)$/.test(name)) {
      return undefined;
    }
    throw error;
  }
}
