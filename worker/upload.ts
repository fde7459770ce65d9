/**
 * One object of a dump on its way to S3: sent in parts while it is made, visible only after `complete`.
 *
 * Hand-managed and not lib-storage's Upload, which completes whatever it was given when its stream ends: here the
 * parts are up, and checked, long before anybody knows that the dump is good.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { CreateMultipartUploadCommand, type CompletedPart } from '@aws-sdk/client-s3';
import { uploadS3 } from '../aws/clients.ts';
import { base64OfCrc32, combineCrc32 } from '../core/crc32.ts';
import { HoldfastError } from '../core/errors.ts';
import type { ObjectRole, StoredObject } from '../core/manifest.ts';
import { ABORT_MAX_MS, abortUpload } from './abort-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { beginPart, type GrowingPart } from './growing-part.ts';
import type { PartPool } from './part-pool.ts';
import { withRetries } from './retry.ts';
import { sendPart } from './send-part.ts';
import { uploadError } from './upload-error.ts';

/** Of an abort's time, for parts that are on their way, which their signal ends. */
const SETTLE_MAX_MS = 2_000;

export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly role: ObjectRole;
}

export interface Upload {
  readonly key: string;
  /**
   * Takes a copy.
   * @returns undefined when that was done at once; else a promise to wait for before the next call: all part buffers are in
   *   use, or the disk is busy
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Sends what is left and waits until S3 holds every part. Nothing is visible yet. */
  finish(): Promise<void>;
  /** Makes the object visible, under its key only when nothing is there. */
  complete(): Promise<StoredObject>;
  /** Ends the upload if it was not completed, within six seconds; after it S3 holds no part. May be called at any time, repeatedly. */
  abort(): Promise<void>;
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
  try {
    const { UploadId } = await withRetries({ ...pool.limits, signal }, (abortSignal) =>
      uploadS3().send(
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

/** A part that S3 has, as its completion and the checksum of the whole need it. */
interface SentPart extends CompletedPart {
  readonly sizeBytes: number;
  readonly crc32: number;
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
  #parts: Promise<SentPart>[] = [];
  /** The part that is being filled; it always has room. */
  #part: GrowingPart | undefined;
  /** Settles when nothing changes `#part` any more. */
  #writing: Promise<unknown> = Promise.resolve();
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

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#sha256.update(chunk);
    if (this.#part === undefined || chunk.length >= this.#part.roomBytes || this.#signal.aborted)
      return this.#track(this.#writeAcross(chunk));
    this.#part.take(chunk);
    return undefined;
  }

  async finish(): Promise<void> {
    // S3 wants one part at least, also of an empty object.
    if (this.#parts.length === 0) await this.#track(this.#beginPart());
    if (this.#part) this.#send(this.#part);
    await Promise.all(this.#parts);
    this.#signal.throwIfAborted();
  }

  async complete(): Promise<StoredObject> {
    const { bucket, key, role } = this.#target;
    const parts = await Promise.all(this.#parts);
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    const ofWhole = parts.reduce((whole, part) => combineCrc32(whole, part.crc32, part.sizeBytes), crc32(''));
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: base64OfCrc32(ofWhole) } as const;
    const upload = { bucket, key, uploadId: this.#uploadId, parts, sizeBytes, crc32: checksum.value };
    const { versionId } = await completeUpload(upload, this.#pool.limits, this.#signal);
    this.#state = 'completed';
    return { role, key, versionId, sizeBytes, sha256: this.#sha256.digest('hex'), checksum };
  }

  abort(): Promise<void> {
    return (this.#aborted ??= this.#state === 'completed' ? Promise.resolve() : this.#abort());
  }

  async #writeAcross(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      this.#signal.throwIfAborted();
      const part = this.#part ?? (await this.#beginPart());
      const piece = chunk.subarray(offset, offset + part.roomBytes);
      part.take(piece);
      offset += piece.length;
      if (part.roomBytes === 0) await part.spill();
      this.#signal.throwIfAborted();
      if (part.roomBytes === 0) this.#send(part);
    }
  }

  #track<Result>(writing: Promise<Result>): Promise<Result> {
    this.#writing = writing;
    return writing;
  }

  async #beginPart(): Promise<GrowingPart> {
    return (this.#part ??= await beginPart(this.key, this.#parts.length + 1, this.#pool, this.#signal));
  }

  #send(part: GrowingPart): void {
    this.#part = undefined;
    const sent = this.#sendPart(part).finally(() => part.release());
    // A failure is seen by every later call through the signal, so nobody has to await this one to notice.
    sent.catch((error: unknown) => {
      this.#failure.abort(error);
    });
    this.#parts.push(sent);
  }

  async #sendPart(part: GrowingPart): Promise<SentPart> {
    const { bucket, key } = this.#target;
    const { sizeBytes, crc32 } = part;
    const request = {
      ...{ bucket, key, uploadId: this.#uploadId, number: this.#parts.length + 1, sizeBytes, crc32 },
      open: () => part.open(),
    };
    try {
      await part.seal();
      const completed = await this.#pool.sending(sendPart(request, this.#pool.limits, this.#signal));
      this.#onSent(sizeBytes);
      return { ...completed, sizeBytes, crc32 };
    } catch (error) {
      this.#signal.throwIfAborted();
      throw uploadError(key, 's3:PutObject', error);
    }
  }

  async #abort(): Promise<void> {
    const { bucket, key } = this.#target;
    this.#failure.abort(new HoldfastError('Cancelled', `the upload of ${key} was aborted`));
    const deadline = AbortSignal.timeout(ABORT_MAX_MS);
    // A part that arrives after the abort would be kept, and paid for.
    await settledWithin(SETTLE_MAX_MS, this.#settle());
    await abortUpload({ bucket, key, uploadId: this.#uploadId }, deadline);
  }

  async #settle(): Promise<void> {
    await Promise.allSettled([this.#writing, ...this.#parts]);
    await this.#part?.release();
    this.#part = undefined;
  }
}

async function settledWithin(timeoutMs: number, task: Promise<void>): Promise<void> {
  const over = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([task, timeout]).finally(() => {
    over.abort();
  });
}
