/** Asks S3 for a copy of an archived object that can be read. */
import { RestoreObjectCommand } from '@aws-sdk/client-s3';
import { HoldfastError } from '../core/errors.ts';
import type { StoredObject } from '../core/manifest.ts';
import { thawRequest, type StorageState, type ThawTier } from '../core/thaw.ts';
import { s3 } from './clients.ts';
import { bucketName } from './environment.ts';

/** @throws RestoreFailed when S3 has no capacity for the tier at the moment */
export async function thawObject({ key, versionId }: StoredObject, state: StorageState, tier: ThawTier): Promise<void> {
  try {
    await s3().send(
      new RestoreObjectCommand({
        Bucket: bucketName(),
        Key: key,
        ...(versionId !== null && { VersionId: versionId }),
        RestoreRequest: thawRequest(state, tier),
      }),
    );
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    // Somebody, maybe this state before its answer was lost, has asked for it already.
    if (name === 'RestoreAlreadyInProgress') return;
    if (name !== 'GlacierExpeditedRetrievalNotAvailable') throw error;
    const message = `S3 has no capacity for thawTier ${tier} at the moment: start again later, or with Standard`;
    throw new HoldfastError('RestoreFailed', message, { cause: error });
  }
}
