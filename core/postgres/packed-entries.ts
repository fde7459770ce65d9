/** The entries of an archive that wait for their data, in little memory: there may be a hundred thousand. */
import { PackedList } from '../packed-list.ts';
import type { EntriesWithData, EntryWithData } from './entries-with-data.ts';

interface Named extends EntryWithData {
  readonly id: number;
}

export class PackedEntries implements EntriesWithData {
  readonly #entries = new PackedList<Named>();
  /** Of those that wait. */
  readonly #ids = new Set<number>();
  /** pg_dump writes the data in the order of the contents, so that what is looked for comes next. */
  #next = this.#entries[Symbol.iterator]();

  get size(): number {
    return this.#ids.size;
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  add(id: number, { kind, schema, tag }: EntryWithData): void {
    this.#entries.add([{ id, kind, schema, tag }]);
    this.#ids.add(id);
  }

  get(id: number): EntryWithData | undefined {
    return this.has(id) ? (this.#search(id) ?? this.#searchAgain(id)) : undefined;
  }

  delete(id: number): boolean {
    return this.#ids.delete(id);
  }

  *values(): Generator<EntryWithData> {
    for (const entry of this.#entries) if (this.has(entry.id)) yield entry;
  }

  #search(id: number): EntryWithData | undefined {
    for (let step = this.#next.next(); step.done !== true; step = this.#next.next()) {
      if (step.value.id === id) return step.value;
    }
    return undefined;
  }

  /** From the beginning. */
  #searchAgain(id: number): EntryWithData | undefined {
    this.#next = this.#entries[Symbol.iterator]();
    return this.#search(id);
  }
}
