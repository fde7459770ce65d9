/** What the bucket holds of a run, with every version, and how it is removed. */
import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectIdentifier,
  type ObjectVersion,
} from '@aws-sdk/client-s3';
import { HoldfastError } from '../core/errors.ts';
import { manifestKey, runPrefix, type RunId } from '../core/keys.ts';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';

/** S3 takes so many keys in one DeleteObjects (S3 API reference). */
const DELETED_AT_ONCE = 1000;

/** Nothing else may ever be deleted, whatever a row says. */
const RUN_PREFIX_PATTERN = /^[a-z][a-z0-9-]*\/\d{4}\/\d\d\/\d\d\/[^/]+\/$/;

export interface Version {
  readonly key: string;
  readonly versionId: string;
  /** Whether it is what S3 gives for the key alone. */
  readonly isCurrent: boolean;
  /** Not an object, but the mark that somebody has deleted one without naming a version. */
  readonly isDeleteMarker: boolean;
}

/**
 * Deletes every version of every object below the run's prefix, its manifest first: objects without a manifest are no
 * backup, while a manifest without its objects would look like one.
 * @returns why something could not be deleted, in S3's words; empty: nothing is left
 */
export async function removeObjects(run: RunId): Promise<string[]> {
  const prefix = runPrefix(run);
  if (!RUN_PREFIX_PATTERN.test(prefix)) {
    throw new HoldfastError('UnexpectedError', `"${prefix}" is no prefix of a run: nothing of it is removed`);
  }
  const isManifest = ({ key }: Version): boolean => key === manifestKey(run);
  const versions = await versionsOfRun(run);
  const refused = await deleteVersions(versions.filter(isManifest));
  if (refused.length > 0) return refused;
  return deleteVersions(versions.filter((version) => !isManifest(version)));
}

/** Everything that the bucket holds below the prefix of a run. */
export async function versionsOfRun(run: RunId): Promise<Version[]> {
  const versions: Version[] = [];
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await s3().send(
      new ListObjectVersionsCommand({
        Bucket: bucketName(),
        Prefix: runPrefix(run),
        KeyMarker: page?.NextKeyMarker,
        VersionIdMarker: page?.NextVersionIdMarker,
      }),
    );
    versions.push(
      ...(page.Versions ?? []).map((version) => toVersion(version, false)),
      ...(page.DeleteMarkers ?? []).map((marker) => toVersion(marker, true)),
    );
  } while (page.IsTruncated);
  return versions;
}

function toVersion(
  { Key = '', VersionId = '', IsLatest = false }: Pick<ObjectVersion, 'Key' | 'VersionId' | 'IsLatest'>,
  isDeleteMarker: boolean,
): Version {
  return { key: Key, versionId: VersionId, isCurrent: IsLatest, isDeleteMarker };
}

async function deleteVersions(versions: readonly Version[]): Promise<string[]> {
  const refused: string[] = [];
  for (let start = 0; start < versions.length; start += DELETED_AT_ONCE) {
    const Objects: ObjectIdentifier[] = versions
      .slice(start, start + DELETED_AT_ONCE)
      .map(({ key, versionId }) => ({ Key: key, VersionId: versionId }));
    const { Errors = [] } = await s3().send(
      new DeleteObjectsCommand({ Bucket: bucketName(), Delete: { Objects, Quiet: true } }),
    );
    refused.push(
      ...Errors.map(({ Key = '', Code = '', Message = '' }) => `${Key}: ${[Code, Message].join(' ').trim()}`),
    );
  }
  return refused;
}
