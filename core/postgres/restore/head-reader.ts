/** Fields of an archive's head that is in memory: each is gone past first, and read where it stands when it is wanted. */
import { HoldfastError } from '../../errors.ts';
import { decoderOf } from '../encoding.ts';
import { INT_SIZE, OFFSET_SIZE, type Field, type FieldType } from '../archive-layout.ts';

/** Where a field stands; a text with its length before it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where each of several fields stands. */
export type Places<Name> = (name: Name) => Span;

/** There is more of the head than is at hand. */
export class HeadEnds extends Error {}

export class HeadReader {
  readonly #bytes: Buffer;
  #decode = decoderOf('UTF8');
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** What names and statements are written in. */
  setEncoding(encoding: string): void {
    this.#decode = decoderOf(encoding);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#skip(1).start);
  }

  latin1(sizeBytes: number): string {
    const { start, end } = this.#skip(sizeBytes);
    return this.#bytes.toString('latin1', start, end);
  }

  /** Goes past all of them. */
  fields<Name extends string>(fields: readonly Field<Name>[]): Places<Name> {
    const places = new Map<Name, Span>();
    for (const { name, type } of fields) places.set(name, this.skipField(type));
    return (name) => {
      const place = places.get(name);
      if (place === undefined) throw new HoldfastError('UnexpectedError', `this archive has no field ${name}`);
      return place;
    };
  }

  skipField(type: FieldType): Span {
    const start = this.at;
    switch (type) {
      case 'byte':
        return this.#skip(1);
      case 'int':
        return this.#skip(1 + INT_SIZE);
      case 'text':
        this.#skipText();
        break;
      case 'list':
        while (this.#skipText());
        break;
      case 'offset':
        return this.#skip(1 + OFFSET_SIZE);
    }
    return { start, end: this.at };
  }

  /** @returns whether there was one */
  #skipText(): boolean {
    const length = this.intAt(this.#skip(1 + INT_SIZE).start);
    this.#skip(Math.max(0, length));
    return length >= 0;
  }

  #skip(sizeBytes: number): Span {
    const start = this.at;
    if (start + sizeBytes > this.#bytes.length) throw new HeadEnds();
    this.at = start + sizeBytes;
    return { start, end: this.at };
  }

  intAt(start: number): number {
    const amount = this.#bytes.readUIntLE(start + 1, INT_SIZE);
    return this.#bytes.readUInt8(start) === 0 ? amount : -amount;
  }

  /** Empty where there is none. */
  textAt(text: Span): string {
    return this.#decode(this.#contentOf(text));
  }

  /** Its bytes, whatever they are in. */
  latin1At(text: Span): string {
    return this.#contentOf(text).toString('latin1');
  }

  #contentOf({ start, end }: Span): Buffer {
    return this.#bytes.subarray(start + 1 + INT_SIZE, end);
  }

  listAt({ start }: Span): string[] {
    const texts: string[] = [];
    for (let at = start; ;) {
      const length = this.intAt(at);
      if (length < 0) return texts;
      const end = at + 1 + INT_SIZE + length;
      texts.push(this.textAt({ start: at, end }));
      at = end;
    }
  }
}
