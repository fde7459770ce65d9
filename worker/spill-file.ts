/** A part that is too large for memory, in a file without a name: it is gone with the process, however that ends. */
import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { HoldfastError } from '../core/errors.ts';

const CHUNK_BYTES = 128 * 1024;
/** No space on the device, none left for this user, or not for a file of this size. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export interface SpillFile {
  /** One after another. @throws UploadFailed when the disk is full */
  append(bytes: Uint8Array): Promise<void>;
  /** All of it from the beginning; may be called again, and must be destroyed or read to its end before `close`. */
  read(): Readable;
  close(): Promise<void>;
}

/** @throws UploadFailed */
export async function openSpillFile(directory = tmpdir()): Promise<SpillFile> {
  const name = path.join(directory, `holdfast-part-${randomUUID()}`);
  const file = await onDisk(directory, async () => {
    const opened = await open(name, 'wx+', 0o600);
    await unlink(name);
    return opened;
  });
  return {
    append: (bytes) => onDisk(directory, () => file.appendFile(bytes)),
    read: () => Readable.from(chunksOf(file), { objectMode: false, highWaterMark: CHUNK_BYTES }),
    close: () => file.close(),
  };
}

/** Each chunk in a buffer of its own, because those before it may still wait to be sent. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function onDisk<Result>(directory: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new HoldfastError(
      'UploadFailed',
      FULL.has(code)
        ? `${directory} has no room for the parts of a dump this large, which are kept there while they are sent: raise worker.diskGiB`
        : `a part of the dump could not be kept in ${directory}: ${message}`,
      { cause },
    );
  }
}
