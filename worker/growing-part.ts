/** A part of an upload while it is filled: in a buffer of the pool, and beyond the size of one in a file. */
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { HoldfastError } from '../core/errors.ts';
import type { PartPool } from './part-pool.ts';
import { PART_BUFFER_BYTES, PARTS_MAX, partSizeBytes } from './part-size.ts';
import { openSpillFile, type SpillFile } from './spill-file.ts';

/** What is handed to a connection at once, which keeps copies of that. */
const SLICE_BYTES = 512 * 1024;
const STREAM_OPTIONS = { objectMode: false, highWaterMark: SLICE_BYTES };

/**
 * Waits until buffer and, for a large part, file are free.
 * @param number from 1
 * @throws UploadFailed, or the signal's reason
 */
export async function beginPart(
  key: string,
  number: number,
  pool: PartPool,
  signal: AbortSignal,
): Promise<GrowingPart> {
  if (number > PARTS_MAX) {
    throw new HoldfastError('UploadFailed', `${key} is larger than ${PARTS_MAX} parts hold: dump it with more jobs`);
  }
  const limitBytes = partSizeBytes(number, pool.limits.partSizes);
  // First the file: who has a buffer must never wait for more, or all could wait for one another.
  const file = limitBytes > PART_BUFFER_BYTES ? await borrowFile(pool, signal) : undefined;
  try {
    return new GrowingPart(limitBytes, await pool.buffers.acquire(signal), file, pool);
  } catch (error) {
    await file?.giveBack();
    throw error;
  }
}

export class GrowingPart {
  sizeBytes = 0;
  crc32 = crc32('');
  readonly #limitBytes: number;
  readonly #file: BorrowedFile | undefined;
  readonly #pool: PartPool;
  #buffer: Buffer | undefined;
  /** Of the buffer. */
  #filledBytes = 0;

  /** @param limitBytes a multiple of the buffer's size; more than that only with a file */
  constructor(limitBytes: number, buffer: Buffer, file: BorrowedFile | undefined, pool: PartPool) {
    this.#limitBytes = limitBytes;
    this.#buffer = buffer;
    this.#file = file;
    this.#pool = pool;
  }

  /** How much can be taken now. */
  get roomBytes(): number {
    return Math.min((this.#buffer?.length ?? 0) - this.#filledBytes, this.#limitBytes - this.sizeBytes);
  }

  /** @param bytes no more than there is room for */
  take(bytes: Uint8Array): void {
    this.#buffer?.set(bytes, this.#filledBytes);
    this.#filledBytes += bytes.length;
    this.sizeBytes += bytes.length;
    this.crc32 = crc32(bytes, this.crc32);
  }

  /** Makes room by moving what is in the buffer into the file, where there is one. @throws UploadFailed */
  async spill(): Promise<void> {
    if (!this.#file || !this.#buffer) return;
    await this.#file.append(this.#buffer.subarray(0, this.#filledBytes));
    this.#filledBytes = 0;
  }

  /** No more bytes will come; the buffer of a part with a file serves others while the part is sent. @throws UploadFailed */
  async seal(): Promise<void> {
    await this.spill();
    if (this.#file) this.#releaseBuffer();
  }

  /** All its bytes, without a copy where they are in memory. */
  open(): Readable {
    return this.#file?.read() ?? Readable.from(slicesOf(this.#buffer?.subarray(0, this.#filledBytes)), STREAM_OPTIONS);
  }

  /** To be called once, when nobody reads its bytes any more. */
  async release(): Promise<void> {
    this.#releaseBuffer();
    await this.#file?.giveBack();
  }

  #releaseBuffer(): void {
    if (this.#buffer) this.#pool.buffers.release(this.#buffer);
    this.#buffer = undefined;
  }
}

function* slicesOf(bytes: Buffer = Buffer.alloc(0)): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += SLICE_BYTES) yield bytes.subarray(offset, offset + SLICE_BYTES);
}

interface BorrowedFile extends Pick<SpillFile, 'append' | 'read'> {
  giveBack(): Promise<void>;
}

async function borrowFile(pool: PartPool, signal: AbortSignal): Promise<BorrowedFile> {
  const permit = await pool.files.acquire(signal);
  try {
    const file = await openSpillFile();
    const giveBack = (): Promise<void> =>
      file.close().finally(() => {
        pool.files.release(permit);
      });
    return { append: (bytes) => file.append(bytes), read: () => file.read(), giveBack };
  } catch (error) {
    pool.files.release(permit);
    throw error;
  }
}
