/**
 * One object of a dump on its way to S3: sent in parts while it is made, visible only after `complete`.
 *
 * Hand-managed and not lib-storage's Upload, which completes whatever it was given when its stream ends: here the
 * parts are up, and checked, long before anybody knows that the dump is good.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { s3 } from '../aws/clients.ts';
import { HoldfastError } from '../core/errors.ts';
import type { ObjectRole, StoredObject } from '../core/manifest.ts';
import { completeUpload } from './complete-upload.ts';
import { PARTS_MAX, partSizeBytes } from './part-size.ts';
import type { PartPool } from './part-pool.ts';
import { withRetries } from './retry.ts';
import { uploadError } from './upload-error.ts';

/** How long S3 may be away before an upload fails. */
const GIVE_UP_MS = 60_000;
const ABORT_GIVE_UP_MS = 5_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** A part gets more time the larger it is: what a slow line still manages. */
const SLOWEST_BYTES_PER_MS = 512;

export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly role: ObjectRole;
}

export interface Upload {
  readonly key: string;
  /** Takes a copy; waits while all part buffers are in use. */
  write(chunk: Uint8Array): Promise<void>;
  /** Sends what is left and waits until S3 holds every part. Nothing is visible yet. */
  finish(): Promise<void>;
  /** Makes the object visible, under its key only when nothing is there. */
  complete(): Promise<StoredObject>;
  /** Ends the upload if it was not completed; after it S3 holds no part. May be called at any time, repeatedly. */
  abort(): Promise<void>;
}

/** The part that is being filled. */
interface Part {
  readonly buffer: Buffer;
  readonly limit: number;
  filled: number;
  crc32: number;
}

/**
 * @param onSent told the bytes of each part that S3 took
 * @throws UploadFailed, AccessDenied, from here and from every method, or the signal's reason
 */
export async function startUpload(
  target: UploadTarget,
  pool: PartPool,
  signal: AbortSignal,
  onSent: (sizeBytes: number) => void,
): Promise<Upload> {
  const { bucket, key } = target;
  const limits = { giveUpAfterMs: GIVE_UP_MS, attemptTimeoutMs: REQUEST_TIMEOUT_MS, signal };
  try {
    const { UploadId } = await withRetries(limits, (abortSignal) =>
      s3().send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          ChecksumAlgorithm: 'CRC32',
          ChecksumType: 'FULL_OBJECT',
        }),
        { abortSignal },
      ),
    );
    if (UploadId === undefined) throw new HoldfastError('UploadFailed', `S3 gave no id for the upload of ${key}`);
    return new MultipartUpload(target, UploadId, pool, signal, onSent);
  } catch (error) {
    signal.throwIfAborted();
    throw uploadError(key, 's3:PutObject', error);
  }
}

class MultipartUpload implements Upload {
  readonly key: string;
  readonly #target: UploadTarget;
  readonly #uploadId: string;
  readonly #pool: PartPool;
  readonly #onSent: (sizeBytes: number) => void;
  /** The first part that fails ends the others. */
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  readonly #sha256 = createHash('sha256');
  #crc32 = 0;
  #sizeBytes = 0;
  #parts: Promise<CompletedPart>[] = [];
  #part: Part | undefined;
  #state: 'open' | 'completed' = 'open';
  #aborted: Promise<void> | undefined;

  constructor(
    target: UploadTarget,
    uploadId: string,
    pool: PartPool,
    signal: AbortSignal,
    onSent: (sizeBytes: number) => void,
  ) {
    this.key = target.key;
    this.#target = target;
    this.#uploadId = uploadId;
    this.#pool = pool;
    this.#onSent = onSent;
    this.#signal = AbortSignal.any([signal, this.#failure.signal]);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#sha256.update(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
    this.#sizeBytes += chunk.length;
    for (let offset = 0; offset < chunk.length;) {
      this.#signal.throwIfAborted();
      const part = (this.#part ??= await this.#newPart());
      const piece = chunk.subarray(offset, offset + part.limit - part.filled);
      part.buffer.set(piece, part.filled);
      part.crc32 = crc32(piece, part.crc32);
      part.filled += piece.length;
      offset += piece.length;
      if (part.filled === part.limit) this.#sendPart();
    }
  }

  async finish(): Promise<void> {
    // S3 wants one part at least, also of an empty object.
    if (this.#parts.length === 0) this.#part ??= await this.#newPart();
    this.#sendPart();
    await Promise.all(this.#parts);
    this.#signal.throwIfAborted();
  }

  async complete(): Promise<StoredObject> {
    const { bucket, key, role } = this.#target;
    const sizeBytes = this.#sizeBytes;
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: base64OfCrc32(this.#crc32) } as const;
    const parts = await Promise.all(this.#parts);
    const upload = { bucket, key, uploadId: this.#uploadId, parts, sizeBytes, crc32: checksum.value };
    const { versionId } = await completeUpload(upload, this.#signal);
    this.#state = 'completed';
    return { role, key, versionId, sizeBytes, sha256: this.#sha256.digest('hex'), checksum };
  }

  abort(): Promise<void> {
    return (this.#aborted ??= this.#state === 'completed' ? Promise.resolve() : this.#abort());
  }

  async #newPart(): Promise<Part> {
    const number = this.#parts.length + 1;
    if (number > PARTS_MAX)
      throw new HoldfastError('UploadFailed', `${this.key} is larger than S3's limit of an object`);
    const limit = partSizeBytes(number);
    return { buffer: await this.#pool.acquire(limit, this.#signal), limit, filled: 0, crc32: 0 };
  }

  #sendPart(): void {
    const part = this.#part;
    if (!part) return;
    this.#part = undefined;
    const body = part.buffer.subarray(0, part.filled);
    const sent = this.#uploadPart(this.#parts.length + 1, body, base64OfCrc32(part.crc32)).finally(() => {
      this.#pool.release(part.buffer);
    });
    // A failure is seen by every later call through the signal, so nobody has to await this one to notice.
    sent.catch((error: unknown) => {
      this.#failure.abort(error);
    });
    this.#parts.push(sent);
  }

  async #uploadPart(PartNumber: number, body: Buffer, ChecksumCRC32: string): Promise<CompletedPart> {
    const { bucket: Bucket, key: Key } = this.#target;
    const attemptTimeoutMs = Math.ceil(REQUEST_TIMEOUT_MS + body.length / SLOWEST_BYTES_PER_MS);
    const limits = { giveUpAfterMs: GIVE_UP_MS, attemptTimeoutMs, signal: this.#signal };
    const input = {
      Bucket,
      Key,
      UploadId: this.#uploadId,
      PartNumber,
      Body: body,
      ContentLength: body.length,
      ChecksumCRC32,
    };
    try {
      const { ETag } = await withRetries(limits, (abortSignal) =>
        s3().send(new UploadPartCommand(input), { abortSignal }),
      );
      this.#onSent(body.length);
      return { PartNumber, ETag, ChecksumCRC32 };
    } catch (error) {
      this.#signal.throwIfAborted();
      throw uploadError(Key, 's3:PutObject', error);
    }
  }

  async #abort(): Promise<void> {
    const { bucket: Bucket, key: Key } = this.#target;
    this.#failure.abort(new HoldfastError('Cancelled', `the upload of ${Key} was aborted`));
    // A part that arrives after the abort would be kept, and paid for.
    await Promise.allSettled(this.#parts);
    if (this.#part) this.#pool.release(this.#part.buffer);
    this.#part = undefined;
    const command = new AbortMultipartUploadCommand({ Bucket, Key, UploadId: this.#uploadId });
    const limits = { giveUpAfterMs: ABORT_GIVE_UP_MS, attemptTimeoutMs: ABORT_GIVE_UP_MS };
    try {
      await withRetries(limits, (abortSignal) => s3().send(command, { abortSignal }));
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchUpload') return;
      throw uploadError(Key, 's3:AbortMultipartUpload', error);
    }
  }
}

/** As S3 writes it: base64 of the big-endian value. */
function base64OfCrc32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}
