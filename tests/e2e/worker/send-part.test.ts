/** A part's bytes on the wire, and who reads them when nobody should any more. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { createPartPool, type PartPool } from '../../../worker/part-pool.ts';
import { PART_BUFFER_BYTES } from '../../../worker/part-size.ts';
import { uploadLimits } from '../../../worker/upload-limits.ts';
import { startUpload, type Upload } from '../../../worker/upload.ts';

const SENT = 0x11;
const LATER = 0xee;

let server: Server;
/** Given a connection on which the head of a request for a part has come; nothing more is read from it. */
let takePart: (connection: Socket, head: string) => void;

beforeAll(async () => {
  server = createServer(answerUpTo);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  });
});

afterAll(() => {
  server.close();
});

/** By hand, because an HTTP server reads what nobody asked it for. */
function answerUpTo(connection: Socket): void {
  let received = '';
  connection.on('error', () => undefined);
  connection.on('data', function read(chunk: Buffer) {
    received += chunk.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = received.slice(0, end);
    received = '';
    if (head.startsWith('PUT')) {
      connection.off('data', read).pause();
      takePart(connection, head);
    } else {
      connection.write(httpAnswer('200 OK', '<Result><UploadId>1</UploadId></Result>'));
    }
  });
}

const httpAnswer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\netag: "1"\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

function begin(pool: PartPool, signal = new AbortController().signal): Promise<Upload> {
  const target = { bucket: 'bucket', key: 'key', role: 'archive' } as const;
  return startUpload(target, pool, signal, () => undefined);
}

test('a part is neither hashed twice, nor asked for, nor sent in chunks with a trailer', async () => {
  let head = '';
  takePart = (connection, received) => {
    head = received;
    connection.end(httpAnswer('200 OK', ''));
  };
  const upload = await begin(createPartPool(uploadLimits({})));
  await upload.write(Buffer.from('123456789'));
  await upload.finish();
  const headers = head.split('\r\n').slice(1);
  expect(headers).toEqual(
    expect.arrayContaining([
      'content-length: 9',
      'x-amz-checksum-crc32: y/Q5Jg==',
      'x-amz-content-sha256: UNSIGNED-PAYLOAD',
      'Connection: keep-alive',
    ]),
  );
  expect(headers.filter((line) => /^(expect|transfer-encoding|content-encoding|x-amz-trailer)/i.test(line))).toEqual(
    [],
  );
});

describe('a buffer that has come back is read by no request,', () => {
  /** Bytes of the part that come after the upload has given up, and its buffer was filled with others. */
  async function readLate(onPart: (connection: Socket, abort: AbortController) => void): Promise<Buffer> {
    const abort = new AbortController();
    const requested = new Promise<Socket>((resolve) => {
      takePart = (connection) => {
        onPart(connection, abort);
        resolve(connection);
      };
    });
    const pool = createPartPool(uploadLimits({}));
    const upload = await begin(pool, abort.signal);
    await upload.write(Buffer.alloc(PART_BUFFER_BYTES, SENT));
    await expect(upload.finish()).rejects.toThrow(/the end|AccessDenied/);
    const buffer = await pool.buffers.acquire(new AbortController().signal);
    expect(buffer.includes(SENT)).toBe(true);
    buffer.fill(LATER);
    const connection = await requested;
    const chunks: Buffer[] = [];
    connection.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    if (!connection.closed) await new Promise((resolve) => connection.once('close', resolve));
    return Buffer.concat(chunks);
  }

  test('after an attempt that was ended', async () => {
    const late = await readLate((_, abort) => {
      abort.abort(new Error('the end'));
    });
    expect(late.length).toBeLessThan(PART_BUFFER_BYTES);
    expect(late.includes(LATER)).toBe(false);
  });

  test('after an answer that came before the end of the body', async () => {
    const late = await readLate((connection) => {
      connection.write(httpAnswer('403 Forbidden', '<Error><Code>AccessDenied</Code></Error>'));
    });
    expect(late.length).toBeLessThan(PART_BUFFER_BYTES);
    expect(late.includes(LATER)).toBe(false);
  });
});
