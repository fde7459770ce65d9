/**
 * `npm run demo`: one real database through the real, deployed machine, on this machine alone: backed up, verified,
 * announced, restored and its row counts compared. Then the same with a wrong password, because the promise is in the failure.
 * In the end a restore test, with a recovery time that was measured, and a table that somebody drops and that comes back.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import { catchInterruption } from '../interruption.ts';
import { restoreAndCompare } from './restore.ts';
import { backUp, failToBackUp, restoreTable, testRestore } from './runs.ts';
import { startShop, type Shop } from './shop.ts';
import { fact, step } from './terminal.ts';

/** @param signal ends the demo at once, and everything that it has started */
async function demo(directory: string, signal: AbortSignal): Promise<void> {
  step('AWS on this machine, the service deployed from its own template, and a PostgreSQL server');
  const shop = await startShop(directory, signal);
  try {
    await Promise.race([show(shop, directory), abortOf(signal)]);
  } finally {
    await shop.stop();
  }
  step('Look again');
  fact('Everything above ran in a temporary folder, and has ended. To keep a stack and try it yourself:');
  fact('  npm run local -- up          the same stack, with holdfast.example.yml, until npm run local -- down');
  fact('  npm run local -- status      its endpoint: any AWS SDK or CLI can talk to it');
  fact('  npx holdfast --help          backup, restore, restore-test, verify, list, show, …');
  fact('The machines are in statemachine/; each state has its file in functions/; dump and restore are in worker/.');
}

async function show(shop: Shop, directory: string): Promise<void> {
  const manifest = await backUp(shop);
  step('A restore without Holdfast: stock pg_restore into a second database, row counts compared');
  await restoreAndCompare(shop, manifest, directory);
  await failToBackUp(shop);
  await shop.mendPassword();
  await testRestore(shop);
  await restoreTable(shop);
}

/** @throws the reason, once there is one */
async function abortOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  signal.throwIfAborted();
}

const interruption = catchInterruption();
const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-demo-'));
try {
  await demo(directory, interruption);
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  console.error(`holdfast: ${error.message}`);
  process.exitCode = error.exitCode;
} finally {
  await rm(directory, { recursive: true, force: true });
}
// What was being shown may go on trying.
if (interruption.aborted) process.exit();
