/** What the functions of the retention machine remove, and what they leave, in one emulator. */
import { afterAll, beforeAll } from '@jest/globals';
import { checkInterruptions } from './interruptions.ts';
import { checkLocks } from './locks.ts';
import { checkProtection } from './protection.ts';
import { checkRemovals } from './removals.ts';
import { CONFIG, useSourceForEachTest } from './retention-scene.ts';
import { checkSnapshots } from './snapshots.ts';
import { createInstance, startKeepingWorld, type KeepingWorld } from './world.ts';

let world: KeepingWorld;
beforeAll(async () => {
  world = await startKeepingWorld(CONFIG);
  await createInstance();
}, 120_000);
afterAll(() => world.stop());
useSourceForEachTest();

checkRemovals();
checkProtection();
checkSnapshots();
checkInterruptions();
checkLocks();
