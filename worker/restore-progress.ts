import type { RestoreProgress } from '../core/restore-record.ts';

/** How far a restore is; sent with each renewal of the worker's claim. */
export class RestoreProgressMeter {
  #state: Omit<RestoreProgress, 'at'> = {
    phase: 'preparing',
    database: null,
    databasesDone: 0,
    databasesDue: 0,
    bytesRead: 0,
    bytesDue: 0,
  };

  update(change: Partial<Omit<RestoreProgress, 'at' | 'bytesRead'>>): void {
    this.#state = { ...this.#state, ...change };
  }

  addBytes(sizeBytes: number): void {
    this.#state = { ...this.#state, bytesRead: this.#state.bytesRead + sizeBytes };
  }

  read(): RestoreProgress {
    return { ...this.#state, at: new Date().toISOString() };
  }
}
