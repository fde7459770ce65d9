/** How much a folder holds while something works in it. */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Seldom enough to cost nothing, even with a file for every table. */
const POLL_MS = 250;
const BLOCK_BYTES = 512;

export interface DiskWatch {
  /** @returns the most that was there at any look, in bytes on the disk without the folders themselves */
  stop(): Promise<number>;
}

export function watchDisk(directory: string): DiskWatch {
  const stopped = new AbortController();
  const watching = (async () => {
    let peakBytes = 0;
    while (!stopped.signal.aborted) {
      peakBytes = Math.max(peakBytes, await usedBytes(directory));
      await sleep(POLL_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    return Math.max(peakBytes, await usedBytes(directory));
  })();
  return {
    stop: () => {
      stopped.abort();
      return watching;
    },
  };
}

async function usedBytes(directory: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const file = path.join(directory, entry.name);
    sum += entry.isDirectory() ? await usedBytes(file) : await fileBytes(file);
  }
  return sum;
}

/** A file may be gone by the time it is looked at. */
async function fileBytes(file: string): Promise<number> {
  const found = await lstat(file).catch(() => undefined);
  return found?.isFile() === true ? found.blocks * BLOCK_BYTES : 0;
}
