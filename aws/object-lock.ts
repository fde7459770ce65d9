/** S3 Object Lock: whether a bucket has it, and what it protects. */
import {
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  type ObjectLockConfiguration,
} from '@aws-sdk/client-s3';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';
import type { Version } from './run-objects.ts';

export async function hasObjectLock(bucket: string): Promise<boolean> {
  return (await lockConfiguration(bucket))?.ObjectLockEnabled === 'Enabled';
}

/** How long new objects of a bucket are locked; undefined: they are not. */
export async function defaultLock(
  bucket: string,
): Promise<{ readonly mode: string; readonly days: number } | undefined> {
  const { Mode, Days, Years } = (await lockConfiguration(bucket))?.Rule?.DefaultRetention ?? {};
  return Mode && { mode: Mode.toLowerCase(), days: Days ?? (Years ?? 0) * 365 };
}

async function lockConfiguration(Bucket: string): Promise<ObjectLockConfiguration | undefined> {
  try {
    return (await s3().send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration;
  } catch (error) {
    if (error instanceof Error && error.name === 'ObjectLockConfigurationNotFoundError') return undefined;
    throw error;
  }
}

/** So many objects are asked for at once. */
const ASKED_AT_ONCE = 16;

/**
 * Asks before anything is removed, so that a point that is locked stays whole.
 * @param versions all that will be removed
 * @returns why one of them may not be deleted yet, or undefined
 */
export async function whyLocked(versions: readonly Version[], now: Date): Promise<string | undefined> {
  // A delete marker has no lock.
  const objects = versions.filter(({ isDeleteMarker }) => !isDeleteMarker);
  for (let start = 0; start < objects.length; start += ASKED_AT_ONCE) {
    const asked = objects.slice(start, start + ASKED_AT_ONCE);
    const answers = await Promise.all(asked.map((version) => whyOneIsLocked(version, now)));
    const found = answers.find((answer) => answer !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function whyOneIsLocked({ key, versionId }: Version, now: Date): Promise<string | undefined> {
  const target = { Bucket: bucketName(), Key: key, VersionId: versionId };
  const [retention, hold] = await Promise.all([
    unlessNoLock(s3().send(new GetObjectRetentionCommand(target))),
    unlessNoLock(s3().send(new GetObjectLegalHoldCommand(target))),
  ]);
  const until = retention?.Retention?.RetainUntilDate;
  if (until && until > now) return `locked by S3 until ${until.toISOString()}`;
  return hold?.LegalHold?.Status === 'ON' ? 'under a legal hold of S3' : undefined;
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
