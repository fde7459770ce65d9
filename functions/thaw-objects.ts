/** State ThawObjects: asks S3 for copies of archived objects that can be read. Asking twice changes nothing. */
import { bucketName } from '../aws/environment.ts';
import { dumpOfRestore, getPlannedRestore } from '../aws/restored-dump.ts';
import { storageStates } from '../aws/stored-objects.ts';
import { thawObject } from '../aws/thaw-object.ts';
import { ThawObjectsInput } from '../core/restore-steps.ts';
import type { RunRef } from '../core/steps.ts';
import { isFrozen, isThawing } from '../core/thaw.ts';
import { taskHandler } from './handler.ts';

async function thawObjects(ref: RunRef): Promise<void> {
  const row = await getPlannedRestore(ref);
  const { thaw } = row.plan;
  if (!thaw) return;
  const { objects } = await dumpOfRestore(row);
  const states = await storageStates(bucketName(), objects);
  await Promise.all(
    objects.map(async (object, index) => {
      const state = states[index];
      if (state && isFrozen(state) && !isThawing(state)) await thawObject(object, state, thaw.tier);
    }),
  );
}

export const handler = taskHandler(ThawObjectsInput, thawObjects);
