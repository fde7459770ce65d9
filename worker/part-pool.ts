/** Memory of uploads: a fixed number of part buffers, whatever the size of the dump. */

/** One is filled while four are in flight. */
const BUFFERS = 5;
/** Large parts come late in very large dumps; fewer of them are held at a time, never less than what overlap needs. */
const MEMORY_BYTES = 256 * 1024 ** 2;
const BUFFERS_MIN = 3;

export interface PartPool {
  /** Waits until a buffer is free. Its content is what was in it before. Rejects with the signal's reason. */
  acquire(sizeBytes: number, signal: AbortSignal): Promise<Buffer>;
  release(buffer: Buffer): void;
}

export function createPartPool(): PartPool {
  let inUse = 0;
  let free: Buffer[] = [];
  const waiting = new Set<() => void>();

  const take = (sizeBytes: number): Buffer => {
    inUse += 1;
    const index = free.findIndex((buffer) => buffer.length >= sizeBytes);
    const [found] = index < 0 ? [] : free.splice(index, 1);
    if (found) return found;
    // Smaller buffers are of no more use: parts only grow.
    free = [];
    return Buffer.allocUnsafeSlow(sizeBytes);
  };

  return {
    acquire: async (sizeBytes, signal) => {
      signal.throwIfAborted();
      while (inUse >= buffersOf(sizeBytes)) await nextRelease(waiting, signal);
      return take(sizeBytes);
    },
    release: (buffer) => {
      inUse -= 1;
      free.push(buffer);
      for (const wake of [...waiting]) wake();
    },
  };
}

function buffersOf(sizeBytes: number): number {
  return Math.min(BUFFERS, Math.max(BUFFERS_MIN, Math.floor(MEMORY_BYTES / sizeBytes)));
}

function nextRelease(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      waiting.delete(wake);
      reject(signal.reason as Error);
    };
    waiting.add(wake);
    signal.addEventListener('abort', abort, { once: true });
  });
}
