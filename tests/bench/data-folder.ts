/** Where the server's data lies, and what restores read: in memory, where the machine has room for it. */
import { chmod, mkdtemp, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';

const MEMORY = '/dev/shm';
const TMPFS_MAGIC = 0x01021994;
/** For the server's log, for sorting, and for all processes. */
const ROOM_BESIDE_BYTES = 6e9;

export interface DataFolder {
  readonly directory: string;
  readonly isMemory: boolean;
}

/**
 * The page cache is not enough: a virtual machine may give back within half a minute what nothing reads, and then each way
 * waits for the disk as much as the way before it took.
 * @param dataBytes of all databases that there are at once
 */
export async function makeDataFolder(dataBytes: number): Promise<DataFolder> {
  const isMemory = await hasRoom(dataBytes + ROOM_BESIDE_BYTES);
  const directory = await mkdtemp(path.join(isMemory ? MEMORY : tmpdir(), 'holdfast-bench-data-'));
  // The server may run as another user.
  await chmod(directory, 0o711);
  return { directory, isMemory };
}

async function hasRoom(bytes: number): Promise<boolean> {
  const found = await statfs(MEMORY).catch(() => undefined);
  return found?.type === TMPFS_MAGIC && Math.min(found.bavail * found.bsize, freemem()) >= bytes;
}
