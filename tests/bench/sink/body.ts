/** The body of a request: counted and checked while it comes, then gone, unless the sink keeps what it takes. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { base64OfCrc32 } from '../../../core/crc32.ts';
import type { Keep, Piece } from './pieces.ts';
import { Refusal } from './refusal.ts';

export interface Body {
  readonly sizeBytes: number;
  readonly crc32: number;
  /** Its bytes, in order; none where they are thrown away. */
  readonly pieces: readonly Piece[];
}

/** Of the checksums that S3 takes, those that are checked here; a request with another one is refused, not believed. */
const CHECKED = new Set(['x-amz-checksum-crc32', 'x-amz-checksum-algorithm', 'x-amz-checksum-type']);

/**
 * @param keep undefined: the bytes are thrown away
 * @throws Refusal BadDigest when the bytes are not those of the checksum, InvalidRequest without any checksum,
 *   NotImplemented for what is not checked here
 */
export async function takeBody(request: IncomingMessage, keep: Keep | undefined): Promise<Body> {
  const { headers } = request;
  const unchecked = Object.keys(headers).find((name) => name.startsWith('x-amz-checksum-') && !CHECKED.has(name));
  if (unchecked !== undefined) throw new Refusal(501, 'NotImplemented', `${unchecked} is not checked here`);
  // Over plain HTTP neither SDK sends chunks with a trailer; they would have to be taken apart.
  if (headers['x-amz-trailer'] !== undefined) throw new Refusal(501, 'NotImplemented', 'trailers are not read here');
  const expected = { crc32: headers['x-amz-checksum-crc32'], md5: headers['content-md5'] };
  if (expected.crc32 === undefined && expected.md5 === undefined)
    throw new Refusal(400, 'InvalidRequest', 'the body has neither x-amz-checksum-crc32 nor Content-MD5');
  const md5 = expected.md5 === undefined ? undefined : createHash('md5');
  const chunks: Buffer[] = [];
  const body = await read(request, (chunk) => {
    md5?.update(chunk);
    if (keep) chunks.push(chunk);
  });
  if (Number(headers['content-length']) !== body.sizeBytes)
    throw new Refusal(
      400,
      'IncompleteBody',
      `${body.sizeBytes} bytes came of ${headers['content-length'] ?? 'unknown'}`,
    );
  if (expected.crc32 !== undefined && expected.crc32 !== base64OfCrc32(body.crc32))
    throw new Refusal(400, 'BadDigest', `the CRC32 is ${base64OfCrc32(body.crc32)}, not ${String(expected.crc32)}`);
  if (md5 && md5.digest('base64') !== expected.md5) throw new Refusal(400, 'BadDigest', 'the MD5 is another one');
  return { ...body, pieces: keep ? [await keep(Buffer.concat(chunks))] : [] };
}

/** Listeners and no iterator: what is measured shares its processors with this. */
function read(request: IncomingMessage, see: (chunk: Buffer) => void): Promise<Omit<Body, 'pieces'>> {
  return new Promise((resolve, reject) => {
    const body = { sizeBytes: 0, crc32: 0 };
    request.on('data', (chunk: Buffer) => {
      body.sizeBytes += chunk.length;
      body.crc32 = crc32(chunk, body.crc32);
      see(chunk);
    });
    request.on('end', () => {
      resolve(body);
    });
    request.on('error', reject);
  });
}
