/** What tests that were killed could not end. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../local/error-code.ts';

/** What a runtime of containers needs to end them. */
const GRACE_MS = 2000;

/** Ends every process that works in a folder: emulators and servers do, and Linux tells. */
export async function endProcessesIn(folder: string): Promise<void> {
  const found = processesIn(folder);
  if (found.length === 0) return;
  for (const pid of found) signal(pid, 'SIGTERM');
  await sleep(GRACE_MS);
  for (const pid of processesIn(folder)) signal(pid, 'SIGKILL');
}

export function processesIn(folder: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => workingFolderOf(pid).startsWith(folder)).map(Number);
}

/** A process may end while it is looked at, or belong to somebody else. */
function workingFolderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
