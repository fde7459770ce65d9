import type { Progress } from '../core/run-record.ts';

/** How far the worker is; sent with each renewal of its claim. */
export class ProgressMeter {
  #state: Omit<Progress, 'at'> = {
    phase: 'connecting',
    database: null,
    databasesDone: 0,
    databasesDue: 0,
    bytesUploaded: 0,
  };

  update(change: Partial<Omit<Progress, 'at' | 'bytesUploaded'>>): void {
    this.#state = { ...this.#state, ...change };
  }

  addBytes(sizeBytes: number): void {
    this.#state = { ...this.#state, bytesUploaded: this.#state.bytesUploaded + sizeBytes };
  }

  read(): Progress {
    return { ...this.#state, at: new Date().toISOString() };
  }
}
