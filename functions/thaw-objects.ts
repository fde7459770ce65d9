/** State ThawObjects: asks S3 for copies of archived objects that can be read. Asking twice changes nothing. */
import { RestoreObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from '../aws/clients.ts';
import { bucketName } from '../aws/environment.ts';
import { dumpOfRestore, getPlannedRestore } from '../aws/restored-dump.ts';
import { storageStates } from '../aws/stored-objects.ts';
import type { StoredObject } from '../core/manifest.ts';
import { ThawObjectsInput } from '../core/restore-steps.ts';
import type { RunRef } from '../core/steps.ts';
import { isFrozen, isThawing, THAW_DAYS, THAW_TIER, type StorageState } from '../core/thaw.ts';
import { taskHandler } from './handler.ts';

async function thawObjects(ref: RunRef): Promise<void> {
  const { objects } = await dumpOfRestore(await getPlannedRestore(ref));
  const states = await storageStates(bucketName(), objects);
  await Promise.all(
    objects.map(async (object, index) => {
      const state = states[index];
      if (state && isFrozen(state) && !isThawing(state)) await thaw(object, state);
    }),
  );
}

async function thaw({ key, versionId }: StoredObject, { storageClass }: StorageState): Promise<void> {
  // What Intelligent-Tiering thaws moves back for good: a number of days is refused there.
  const days = storageClass === 'INTELLIGENT_TIERING' ? {} : { Days: THAW_DAYS };
  try {
    await s3().send(
      new RestoreObjectCommand({
        Bucket: bucketName(),
        Key: key,
        ...(versionId !== null && { VersionId: versionId }),
        RestoreRequest: { ...days, GlacierJobParameters: { Tier: THAW_TIER } },
      }),
    );
  } catch (error) {
    // Somebody, maybe this state before its answer was lost, has asked for it already.
    if (!(error instanceof Error) || error.name !== 'RestoreAlreadyInProgress') throw error;
  }
}

export const handler = taskHandler(ThawObjectsInput, thawObjects);
