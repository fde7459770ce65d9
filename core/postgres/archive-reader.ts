/**
 * Numbers and strings as pg_dump writes them into its archives (WriteInt, WriteStr and WriteOffset of
 * pg_backup_archiver.c), read from whatever pieces they arrive in.
 */

/** What is not as pg_dump writes it; the message continues "the archive …". */
export class BrokenArchive extends Error {}

/** Something that is being read: it yields when it has used up its bytes, and goes on with the next piece. */
export type Reading<Value> = Generator<undefined, Value, undefined>;

/** A byte with the sign and four of the value, the lowest first. */
const INT_BYTES = 5;
const OFFSET_BYTES = 8;
const TEXT = new TextDecoder();

export class ArchiveReader {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;

  /** The next piece, once the one before is used up. It is not kept longer than until a reading yields. */
  feed({ buffer, byteOffset, byteLength }: Uint8Array): void {
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.#at = 0;
  }

  *byte(): Reading<number> {
    while (this.#at === this.#view.byteLength) yield;
    return this.#view.getUint8(this.#at++);
  }

  *int(): Reading<number> {
    if (this.#at + INT_BYTES <= this.#view.byteLength) {
      const at = this.#at;
      this.#at += INT_BYTES;
      return signed(this.#view.getUint8(at), this.#view.getInt32(at + 1, true));
    }
    const sign = yield* this.byte();
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) value |= (yield* this.byte()) << shift;
    return signed(sign, value);
  }

  /** A number that says how many there are of something. */
  *count(): Reading<number> {
    const value = yield* this.int();
    if (value < 0) throw new BrokenArchive(`has a length of ${value}`);
    return value;
  }

  /** @returns what flag an offset has; the offset itself is of no use in a stream */
  *offsetFlag(): Reading<number> {
    const flag = yield* this.byte();
    yield* this.skip(OFFSET_BYTES);
    return flag;
  }

  /** @returns at most its first `keepBytes`; null where pg_dump had no string */
  *text(keepBytes: number): Reading<string | null> {
    const length = yield* this.#textLength();
    if (length === null) return null;
    const kept = new Uint8Array(Math.min(length, keepBytes));
    for (let index = 0; index < kept.length; index++) kept[index] = yield* this.byte();
    yield* this.skip(length - kept.length);
    return TEXT.decode(kept);
  }

  /** @returns whether pg_dump had a string */
  *skipText(): Reading<boolean> {
    const length = yield* this.#textLength();
    yield* this.skip(length ?? 0);
    return length !== null;
  }

  *#textLength(): Reading<number | null> {
    const length = yield* this.int();
    if (length < -1) throw new BrokenArchive(`has a string of ${length} bytes`);
    return length === -1 ? null : length;
  }

  *skip(count: number): Reading<void> {
    for (let left = count; left > 0;) {
      if (this.#at === this.#view.byteLength) yield;
      const step = Math.min(left, this.#view.byteLength - this.#at);
      this.#at += step;
      left -= step;
    }
  }

  /** Data as _CustomWriteFunc writes it: lengths, each followed by so many bytes; the length 0 ends it. */
  *skipData(): Reading<void> {
    for (;;) {
      this.#skipWholeChunks();
      const length = yield* this.count();
      if (length === 0) return;
      yield* this.skip(length);
    }
  }

  /** Uncompressed data may have a chunk for each row, so this is the loop that has to be fast. */
  #skipWholeChunks(): void {
    const view = this.#view;
    let at = this.#at;
    for (;;) {
      this.#at = at;
      if (at + INT_BYTES > view.byteLength || view.getUint8(at) !== 0) return;
      const length = view.getInt32(at + 1, true);
      at += INT_BYTES + length;
      if (length <= 0 || at > view.byteLength) return;
    }
  }
}

function signed(sign: number, value: number): number {
  if (sign > 1) throw new BrokenArchive('has a number with a sign that pg_dump does not write');
  return sign === 1 ? -value : value;
}
