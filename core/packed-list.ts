/**
 * Many small things in little memory. As objects, a hundred thousand tables would take more than all part buffers
 * together; here each takes little more than its name.
 */

/** Things that are made into objects at once. */
const PAGE_ITEMS = 100;

/** Objects that all have the same keys, with values that JSON gives back as they were. Each iteration makes new ones. */
export class PackedList<Item extends object> implements Iterable<Item> {
  readonly #pages: Uint8Array[] = [];
  /** What is not a page yet. */
  #last: Item[] = [];

  get length(): number {
    return this.#pages.length * PAGE_ITEMS + this.#last.length;
  }

  add(items: Iterable<Item>): void {
    for (const item of items) {
      this.#last.push(item);
      if (this.#last.length < PAGE_ITEMS) continue;
      this.#pages.push(pack(this.#last));
      this.#last = [];
    }
  }

  *[Symbol.iterator](): Generator<Item, void> {
    for (const page of this.#pages) yield* unpack(page) as Generator<Item>;
    yield* this.#last;
  }
}

/** By key, the values of all items; or one, where they all have the same. */
type Columns = Record<string, unknown[]>;

function pack(items: readonly object[]): Uint8Array {
  const columns: Columns = {};
  for (const key of Object.keys(items[0] ?? {})) {
    const values = items.map((item) => (item as Record<string, unknown>)[key]);
    columns[key] = values.every((value) => value === values[0]) ? values.slice(0, 1) : values;
  }
  return new TextEncoder().encode(JSON.stringify(columns));
}

function* unpack(page: Uint8Array): Generator<object> {
  const columns = Object.entries(JSON.parse(new TextDecoder().decode(page)) as Columns);
  for (let index = 0; index < PAGE_ITEMS; index++) {
    const item: Record<string, unknown> = {};
    for (const [key, values] of columns) item[key] = values.length === 1 ? values[0] : values[index];
    yield item;
  }
}
