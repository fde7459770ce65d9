/** What of an archive's contents has data, as the walker waits for it. */
export interface EntryWithData {
  /** Such as `TABLE DATA`. */
  readonly kind: string;
  /** Of what has one; else ''. */
  readonly schema: string;
  /** For rows the name of their table. */
  readonly tag: string;
}

/** By their ids. */
export interface EntriesWithData {
  readonly size: number;
  has(id: number): boolean;
  get(id: number): EntryWithData | undefined;
  delete(id: number): boolean;
  values(): Iterable<EntryWithData>;
}
