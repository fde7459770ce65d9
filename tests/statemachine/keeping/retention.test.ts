/** What the functions of the retention machine remove, and what they leave, in one emulator. */
import { checkInterruptions } from './interruptions.ts';
import { checkLocks } from './locks.ts';
import { checkProtection } from './protection.ts';
import { checkRemovals } from './removals.ts';
import { CONFIG, useSourceForEachTest } from './retention-scene.ts';
import { checkSnapshots } from './snapshots.ts';
import { shareKeepingWorld } from './world.ts';

shareKeepingWorld(CONFIG);
useSourceForEachTest();

checkRemovals();
checkProtection();
checkSnapshots();
checkInterruptions();
checkLocks();
