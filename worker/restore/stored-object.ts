/** Objects of a recovery point, read back: every byte is counted and hashed, and compared with the manifest. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { restoreS3 } from '../../aws/clients.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { StoredObject } from '../../core/manifest.ts';
import { httpStatus, isRetryable, withRetries } from '../retry.ts';

const GIVE_UP_MS = 120_000;
const ATTEMPT_MS = 30_000;
/** What is read as a whole (roles, evidence, definitions) is small; a larger object is not what its role says. */
const WHOLE_SIZE_MAX = 1024 ** 3;

/** The manifest's word about one object, and where it is. */
export interface Stored {
  readonly bucket: string;
  readonly object: Pick<StoredObject, 'key' | 'versionId' | 'sizeBytes' | 'sha256' | 'checksum'>;
}

/**
 * Asks S3 whether it holds the version with the size and the checksum of the manifest, without reading it.
 * @throws ObjectMissing, SizeMismatch, ChecksumMismatch, AccessDenied, RestoreFailed for an archived object
 */
export async function requireStored(stored: Stored, signal: AbortSignal): Promise<void> {
  const { key, checksum } = stored.object;
  const command = new HeadObjectCommand({ ...addressOf(stored), ChecksumMode: 'ENABLED' });
  const head = await ask(stored, signal, (abortSignal) => restoreS3().send(command, { abortSignal }));
  requireSize(stored, head.ContentLength);
  if (head.ChecksumCRC32 !== undefined && head.ChecksumCRC32 !== checksum.value) {
    const message = `S3 holds ${key} with CRC32 ${head.ChecksumCRC32}, not ${checksum.value} as its manifest says`;
    throw new HoldfastError('ChecksumMismatch', message);
  }
  if (isFrozen(head.StorageClass) && !(head.Restore ?? '').includes('ongoing-request="false"')) {
    throw new HoldfastError(
      'RestoreFailed',
      `${key} is archived as ${head.StorageClass ?? ''}: it has to be thawed first`,
    );
  }
}

const isFrozen = (storageClass: string | undefined): boolean =>
  storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';

/**
 * All bytes of a small object, only when they are what the manifest says.
 * @throws as readStored
 */
export async function readWhole(stored: Stored, signal: AbortSignal): Promise<Buffer> {
  const { key, sizeBytes } = stored.object;
  if (sizeBytes > WHOLE_SIZE_MAX)
    throw new HoldfastError('RestoreFailed', `${key} has ${sizeBytes} bytes, too many to be read at once`);
  const chunks: Buffer[] = [];
  await readStored(stored, signal, (chunk) => {
    chunks.push(chunk);
    return Promise.resolve();
  });
  return Buffer.concat(chunks);
}

/**
 * Hands an object over chunk by chunk; a connection that breaks is taken up again where it broke.
 * @param take what it throws ends the reading and is thrown
 * @throws SizeMismatch, ChecksumMismatch when all has been read and is not what the manifest says; ObjectMissing, AccessDenied
 */
export async function readStored(
  stored: Stored,
  signal: AbortSignal,
  take: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  const { key, sizeBytes, sha256 } = stored.object;
  const hash = createHash('sha256');
  let taken = 0;
  let failedAt = -1;
  while (taken < sizeBytes) {
    try {
      for await (const chunk of await openAt(stored, taken, signal)) {
        taken += chunk.length;
        hash.update(chunk);
        await take(chunk).catch((error: unknown) => {
          throw new Refused(error);
        });
      }
      if (taken < sizeBytes) requireSize(stored, taken);
    } catch (error) {
      if (error instanceof Refused) throw error.cause;
      signal.throwIfAborted();
      // Twice at the same byte is no accident of the network.
      if (error instanceof HoldfastError || !isRetryable(error) || failedAt === taken) throw readError(stored, error);
      failedAt = taken;
    }
  }
  requireSize(stored, taken);
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new HoldfastError('ChecksumMismatch', `${key} has SHA-256 ${found}, not ${sha256} as its manifest says`);
}

/** What the taker of the bytes threw, told from what the network did. */
class Refused extends Error {
  constructor(cause: unknown) {
    super('the bytes were not taken', { cause });
  }
}

/** The first bytes of an object, chunk by chunk; whoever has enough returns. Nothing is compared: readStored does that. */
export async function openStart(stored: Stored, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  return openAt(stored, 0, signal);
}

async function openAt(stored: Stored, start: number, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const range = start === 0 ? {} : { Range: `bytes=${start}-` };
  const command = new GetObjectCommand({ ...addressOf(stored), ...range });
  // The signal of one attempt ends with its headers: the body may take hours.
  const answer = await ask(stored, signal, () => restoreS3().send(command, { abortSignal: signal }));
  if (start === 0) requireSize(stored, answer.ContentLength);
  const { Body } = answer;
  // A store that does not know ranges answers with all of it.
  if (Body instanceof Readable) return answer.ContentRange === undefined ? skipping(Body, start) : Body;
  throw new HoldfastError('UnexpectedError', `S3 answered without a body for ${stored.object.key}`);
}

async function* skipping(body: AsyncIterable<Buffer>, sizeBytes: number): AsyncGenerator<Buffer> {
  let left = sizeBytes;
  for await (const chunk of body) {
    const rest = chunk.subarray(Math.min(left, chunk.length));
    left -= chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

function addressOf({ bucket, object }: Stored): { Bucket: string; Key: string; VersionId?: string } {
  return { Bucket: bucket, Key: object.key, ...(object.versionId !== null && { VersionId: object.versionId }) };
}

async function ask<Answer>(
  stored: Stored,
  signal: AbortSignal,
  request: (abortSignal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await withRetries({ giveUpAfterMs: GIVE_UP_MS, attemptTimeoutMs: ATTEMPT_MS, signal }, request);
  } catch (error) {
    signal.throwIfAborted();
    throw readError(stored, error);
  }
}

function requireSize({ object }: Stored, found: number | undefined): void {
  if (found === object.sizeBytes) return;
  const message = `S3 holds ${object.key} with ${found ?? 'unknown'} bytes, not ${object.sizeBytes} as its manifest says`;
  throw new HoldfastError('SizeMismatch', message);
}

const MISSING = new Set(['NoSuchKey', 'NoSuchVersion', 'NotFound', 'MethodNotAllowed']);

/** HEAD answers with a status alone: 404, or 405 for a version that is a delete marker. */
function readError({ object }: Stored, cause: unknown): unknown {
  if (cause instanceof HoldfastError) return cause;
  const name = cause instanceof Error ? cause.name : '';
  const version = object.versionId === null ? '' : ` in version ${object.versionId}`;
  if (MISSING.has(name) || httpStatus(cause) === 404 || httpStatus(cause) === 405) {
    return new HoldfastError('ObjectMissing', `S3 does not hold ${object.key}${version}`, { cause });
  }
  if (httpStatus(cause) === 403) {
    const message = `s3:GetObject, s3:GetObjectVersion or kms:Decrypt was refused for ${object.key}`;
    return new HoldfastError('AccessDenied', message, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('RestoreFailed', `S3 did not give ${object.key}: ${reason}`, { cause });
}
