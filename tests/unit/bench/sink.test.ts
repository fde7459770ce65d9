/** The bench believes its sink, so the sink must not believe its clients. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompleteMultipartUploadCommandInput,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { base64OfCrc32 } from '../../../core/crc32.ts';
import { createSink } from '../../bench/sink/server.ts';

const MEBIBYTE = 1024 ** 2;
const FIRST = Buffer.alloc(5 * MEBIBYTE, 'first');
const LAST = Buffer.from('last');
const WHOLE = { size: FIRST.length + LAST.length, crc32: base64OfCrc32(crc32(LAST, crc32(FIRST))) };

let directory: string;
let sink: Server;
let s3: S3Client;
let keys = 0;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'holdfast-sink-'));
  sink = createSink(directory);
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  s3 = new S3Client({
    endpoint: `http://127.0.0.1:${(sink.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
});

afterAll(async () => {
  s3.destroy();
  sink.close();
  await rm(directory, { recursive: true });
});

interface Begun {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

async function begin(): Promise<Begun> {
  const target = { Bucket: 'bucket', Key: `a/key ${++keys}` };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  return { ...target, UploadId };
}

async function sendPart(upload: Begun, PartNumber: number, Body: Buffer): Promise<CompletedPart> {
  const ChecksumCRC32 = base64OfCrc32(crc32(Body));
  const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumCRC32 }));
  return { PartNumber, ETag, ChecksumCRC32 };
}

async function complete(
  change: Partial<CompleteMultipartUploadCommandInput>,
  bodies: readonly Buffer[] = [FIRST, LAST],
): Promise<Begun> {
  const upload = await begin();
  const Parts: CompletedPart[] = [];
  for (const body of bodies) Parts.push(await sendPart(upload, Parts.length + 1, body));
  const whole = { ChecksumType: 'FULL_OBJECT', ChecksumCRC32: WHOLE.crc32, MpuObjectSize: WHOLE.size } as const;
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...whole, ...change }));
  return upload;
}

test('an object is the sum of its parts', async () => {
  const { Bucket, Key } = await complete({});
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  expect(head).toMatchObject({ ContentLength: WHOLE.size, ChecksumCRC32: WHOLE.crc32 });
});

test.each([
  [undefined, 200, 0, undefined],
  ['bytes=5242878-', 206, 5_242_878, undefined],
  ['bytes=5242878-5242881', 206, 5_242_878, 5_242_882],
  ['bytes=0-99999999', 206, 0, undefined],
])('what was kept comes back: %s', async (Range, status, start, end) => {
  const { Bucket, Key } = await complete({});
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...(Range !== undefined && { Range }) }));
  expect(answer.$metadata.httpStatusCode).toBe(status);
  const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(Buffer.concat([FIRST, LAST]).subarray(start, end))).toBe(true);
});

test('a range behind the end is refused', async () => {
  const { Bucket, Key } = await complete({});
  const command = new GetObjectCommand({ Bucket, Key, Range: `bytes=${WHOLE.size}-` });
  await expect(s3.send(command)).rejects.toMatchObject({ name: 'InvalidRange' });
});

test('a part whose bytes are not those of its checksum is refused', async () => {
  const upload = await begin();
  const command = new UploadPartCommand({ ...upload, PartNumber: 1, Body: LAST, ChecksumCRC32: 'AAAAAA==' });
  await expect(s3.send(command)).rejects.toMatchObject({ name: 'BadDigest' });
});

test.each([
  ['another checksum of the whole', { ChecksumCRC32: 'AAAAAA==' }, 'BadDigest'],
  ['another size of the whole', { MpuObjectSize: 1 }, 'InvalidRequest'],
  ['a part that was never sent', { MultipartUpload: { Parts: [{ PartNumber: 7, ETag: 'any' }] } }, 'InvalidPart'],
  ['another version of a part', { MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"any"' }] } }, 'InvalidPart'],
  ['an upload that does not exist', { UploadId: 'any' }, 'NoSuchUpload'],
])('a completion with %s is refused', async (_, change, name) => {
  await expect(complete(change)).rejects.toMatchObject({ name });
});

test('a small part that is not the last one is refused', async () => {
  await expect(complete({}, [LAST, FIRST])).rejects.toMatchObject({ name: 'EntityTooSmall' });
});

test('a key that is taken stays as it is, where the client asks for that', async () => {
  const { Bucket, Key } = await complete({});
  const command = new PutObjectCommand({ Bucket, Key, Body: LAST, ChecksumAlgorithm: 'CRC32', IfNoneMatch: '*' });
  await expect(s3.send(command)).rejects.toMatchObject({ name: 'PreconditionFailed' });
});

test('an aborted upload takes no more parts', async () => {
  const upload = await begin();
  await s3.send(new AbortMultipartUploadCommand(upload));
  await expect(sendPart(upload, 1, LAST)).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

test('a checksum that is not checked is not believed', async () => {
  const upload = await begin();
  const command = new UploadPartCommand({ ...upload, PartNumber: 1, Body: LAST, ChecksumSHA256: 'A'.repeat(43) + '=' });
  await expect(s3.send(command)).rejects.toMatchObject({ name: 'NotImplemented' });
});
