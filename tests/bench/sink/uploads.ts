/** What the sink knows of uploads and objects: sizes, checksums, and where their bytes are if it keeps them. */
import { base64OfCrc32, combineCrc32 } from '../../../core/crc32.ts';
import type { Body } from './body.ts';
import { Refusal } from './refusal.ts';

/** As the last request of an upload lists them. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** base64; not every client sends it. */
  readonly crc32: string | undefined;
}

/** What a client says about the whole object, where it says it. */
export interface Claimed {
  readonly crc32: string | undefined;
  readonly sizeBytes: number | undefined;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, Body>;
}

/** S3's: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PART_SIZE_MIN_BYTES = 5 * 1024 ** 2;

const uploads = new Map<string, Upload>();
const objects = new Map<string, Body>();
let created = 0;

export function forgetAll(): void {
  uploads.clear();
  objects.clear();
}

export function listObjects(): { readonly key: string; readonly sizeBytes: number; readonly crc32: string }[] {
  return [...objects].map(([key, body]) => ({ key, sizeBytes: body.sizeBytes, crc32: base64OfCrc32(body.crc32) }));
}

export const openUploads = (): string[] => [...uploads.values()].map(({ key }) => key);

export function createUpload(key: string): string {
  const id = `upload-${++created}`;
  uploads.set(id, { key, parts: new Map() });
  return id;
}

/** @returns its ETag */
export function putPart(uploadId: string, key: string, number: number, body: Body): string {
  uploadOf(uploadId, key).parts.set(number, body);
  return etagOf(body);
}

export function abortUpload(uploadId: string, key: string): void {
  uploadOf(uploadId, key);
  uploads.delete(uploadId);
}

export function putObject(key: string, body: Body, onlyNew: boolean): void {
  if (onlyNew && objects.has(key)) throw new Refusal(412, 'PreconditionFailed', `${key} is there already`);
  objects.set(key, body);
}

export function findObject(key: string): Body {
  const found = objects.get(key);
  if (!found) throw new Refusal(404, 'NoSuchKey', `${key} is not there`);
  return found;
}

/** @throws Refusal where the list is not that of the parts, or the whole is not what the client says */
export function completeUpload(
  uploadId: string,
  key: string,
  listed: readonly ListedPart[],
  claimed: Claimed,
  onlyNew: boolean,
): Body {
  const { parts } = uploadOf(uploadId, key);
  if (listed.length === 0) throw new Refusal(400, 'MalformedXML', 'the list of parts is empty');
  const whole = joinParts(listed.map((part, index) => checkPart(parts, listed, part, index)));
  const crc32 = base64OfCrc32(whole.crc32);
  if (claimed.crc32 !== undefined && claimed.crc32 !== crc32)
    throw new Refusal(400, 'BadDigest', `the object's CRC32 is ${crc32}, not ${claimed.crc32}`);
  if (claimed.sizeBytes !== undefined && claimed.sizeBytes !== whole.sizeBytes)
    throw new Refusal(400, 'InvalidRequest', `the object has ${whole.sizeBytes} bytes, not ${claimed.sizeBytes}`);
  putObject(key, whole, onlyNew);
  uploads.delete(uploadId);
  return whole;
}

function checkPart(
  parts: ReadonlyMap<number, Body>,
  listed: readonly ListedPart[],
  part: ListedPart,
  index: number,
): Body {
  const { number, etag, crc32 } = part;
  const previous = listed[index - 1];
  if (previous && previous.number >= number)
    throw new Refusal(400, 'InvalidPartOrder', `part ${number} comes after part ${previous.number}`);
  const found = parts.get(number);
  if (!found) throw new Refusal(400, 'InvalidPart', `part ${number} was not uploaded`);
  if (etag !== etagOf(found) || (crc32 !== undefined && crc32 !== base64OfCrc32(found.crc32)))
    throw new Refusal(400, 'InvalidPart', `part ${number} is another one`);
  if (index < listed.length - 1 && found.sizeBytes < PART_SIZE_MIN_BYTES)
    throw new Refusal(400, 'EntityTooSmall', `part ${number} has ${found.sizeBytes} bytes`);
  return found;
}

function joinParts(parts: readonly Body[]): Body {
  const sums = parts.reduce(
    (whole, part) => ({
      sizeBytes: whole.sizeBytes + part.sizeBytes,
      crc32: combineCrc32(whole.crc32, part.crc32, part.sizeBytes),
    }),
    { sizeBytes: 0, crc32: 0 },
  );
  return { ...sums, pieces: parts.flatMap(({ pieces }) => pieces) };
}

function uploadOf(uploadId: string, key: string): Upload {
  const upload = uploads.get(uploadId);
  if (upload?.key !== key) throw new Refusal(404, 'NoSuchUpload', `${uploadId} is not open for ${key}`);
  return upload;
}

export const etagOf = (body: Body): string => `"${body.crc32.toString(16).padStart(8, '0')}-${body.sizeBytes}"`;
