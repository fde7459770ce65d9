/** State CheckThaw: whether every object of the restore can be read by now. */
import { bucketName } from '../aws/environment.ts';
import { dumpOfRestore, getPlannedRestore } from '../aws/restored-dump.ts';
import { storageStates } from '../aws/stored-objects.ts';
import { CheckThawInput, type CheckedThaw } from '../core/restore-steps.ts';
import type { RunRef } from '../core/steps.ts';
import { isFrozen } from '../core/thaw.ts';
import { taskHandler } from './handler.ts';

async function checkThaw(ref: RunRef): Promise<CheckedThaw> {
  const { objects } = await dumpOfRestore(await getPlannedRestore(ref));
  return { objectsFrozen: (await storageStates(bucketName(), objects)).filter(isFrozen).length };
}

export const handler = taskHandler(CheckThawInput, checkThaw);
