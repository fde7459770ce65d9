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
/** A mark of byte order at the beginning of a name is part of the name. */
const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

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
    for (let index = 0; index < kept.length; index++) {
      if (this.#at === this.#view.byteLength) yield;
      kept[index] = this.#view.getUint8(this.#at++);
    }
    yield* this.skip(length - kept.length);
    return TEXT.decode(kept);
  }

  *skipTexts(count: number): Reading<void> {
    for (let left = count; left > 0; left--) {
      if (!this.#skipWholeChunk()) yield* this.skip((yield* this.#textLength()) ?? 0);
    }
  }

  /** A list of strings, which the lack of a string ends. */
  *skipList(): Reading<void> {
    for (;;) {
      while (this.#skipWholeChunk());
      const length = yield* this.#textLength();
      if (length === null) return;
      yield* this.skip(length);
    }
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
      while (this.#skipWholeChunk());
      const length = yield* this.count();
      if (length === 0) return;
      yield* this.skip(length);
    }
  }

  /**
   * What is at hand as a whole, is not empty and needs no looking at: uncompressed data may have a chunk for each row, so
   * this has to be fast.
   */
  #skipWholeChunk(): boolean {
    const start = this.#at + INT_BYTES;
    const view = this.#view;
    if (start > view.byteLength || view.getUint8(this.#at) !== 0) return false;
    const length = view.getInt32(this.#at + 1, true);
    if (length <= 0 || start + length > view.byteLength) return false;
    this.#at = start + length;
    return true;
  }
}

function signed(sign: number, value: number): number {
  if (sign > 1) throw new BrokenArchive('has a number with a sign that pg_dump does not write');
  return sign === 1 ? -value : value;
}
