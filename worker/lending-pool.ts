/** A fixed number of things for many who need one for a while: whoever asked first gets the next that comes back. */

export interface LendingPool<Thing> {
  /** Waits until one is free. Rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<Thing>;
  release(thing: Thing): void;
  /** Whether somebody waits for one now. */
  readonly starved: boolean;
}

/** @param make makes one, when it is needed for the first time */
export function createLendingPool<Thing>(count: number, make: () => Thing): LendingPool<Thing> {
  let made = 0;
  const free: Thing[] = [];
  // In the order in which they came.
  const waiting = new Set<(thing: Thing) => void>();

  const wait = (signal: AbortSignal): Promise<Thing> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        waiting.delete(take);
        reject(signal.reason as Error);
      };
      const take = (thing: Thing): void => {
        signal.removeEventListener('abort', abort);
        resolve(thing);
      };
      waiting.add(take);
      signal.addEventListener('abort', abort, { once: true });
    });

  return {
    acquire: async (signal) => {
      signal.throwIfAborted();
      // The one that came back last is likelier to be in the processor's cache, and others need not be made.
      const found = free.pop();
      if (found !== undefined) return found;
      if (made === count) return wait(signal);
      made += 1;
      return make();
    },
    release: (thing) => {
      const [first] = waiting;
      if (first === undefined) {
        free.push(thing);
        return;
      }
      waiting.delete(first);
      first(thing);
    },
    get starved() {
      return waiting.size > 0;
    },
  };
}
