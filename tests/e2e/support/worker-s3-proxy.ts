/** S3 as the network may treat it: between the worker and the emulator, told what to do with each request. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { Transform } from 'node:stream';

/** The name of an S3 request, as far as the tests tell them apart. */
export type S3Request = 'create' | 'part' | 'complete' | 'abort' | 'head' | 'get' | 'other';

/** What becomes of a request. A promise of it holds the request up. */
export type Treatment =
  | 'forward'
  /** The connection is closed and S3 is not asked. */
  | 'cut'
  /** The same, by a reset of TCP. */
  | 'reset'
  /** There is never an answer. */
  | 'stall'
  /** S3 is asked, with a body of which one bit is another. */
  | 'corrupt'
  /** S3 is asked, and its answer changed. */
  | keyof typeof CHANGES
  /** S3 is not asked. */
  | keyof typeof ANSWERS;

interface Answer {
  readonly status: number;
  readonly code: string;
}

const ANSWERS = {
  gone: { status: 404, code: 'NoSuchUpload' },
  taken: { status: 412, code: 'PreconditionFailed' },
  denied: { status: 403, code: 'AccessDenied' },
  'internal-error': { status: 500, code: 'InternalError' },
  'slow-down': { status: 503, code: 'SlowDown' },
  // As S3 does when it fails after it has begun to answer.
  'error-in-ok': { status: 200, code: 'InternalError' },
} as const satisfies Record<string, Answer>;

type Change = (answer: IncomingMessage, response: ServerResponse) => void;

const CHANGES = {
  /** The connection is closed instead. */
  'lose-answer': (answer, response) => answer.resume().on('end', () => response.destroy()),
  /** It never comes. */
  'keep-answer': (answer) => answer.resume(),
  /** An error comes instead. */
  'deny-success': (answer, response) =>
    answer.resume().on('end', () => {
      sendError(response, ANSWERS['internal-error']);
    }),
  /** It has the checksum of other bytes. */
  'other-checksum': (answer, response) =>
    answer.resume().on('end', () => {
      response.writeHead(200, { ...answer.headers, 'x-amz-checksum-crc32': 'AAAAAA==' }).end();
    }),
  /** One bit of its body is another. */
  flip: (answer, response) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(flipFirstBit()).pipe(response);
  },
  /** The last bit of its body is another. */
  'flip-last': (answer, response) => {
    withWholeBody(answer, response, (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      return bytes;
    });
  },
  /** Its body lacks the last byte, and its headers say so. */
  shorten: (answer, response) => {
    withWholeBody(answer, response, (bytes) => bytes.subarray(0, -1));
  },
  /** Its body ends early. */
  'break-off': (answer, response) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.once('data', (chunk: Buffer) => {
      response.write(chunk.subarray(0, chunk.length / 2), () => response.destroy());
    });
  },
} as const satisfies Record<string, Change>;

export interface S3Proxy {
  readonly endpoint: string;
  /** Asked for every request; replace it to change the weather. */
  treat: (request: S3Request, key: string) => Treatment | Promise<Treatment>;
  /** How many requests of a kind have come. */
  count(request: S3Request): number;
  /** Nobody listens any more. */
  close(): Promise<void>;
}

/** @param target where S3 is; requests wait until it is known */
export async function startS3Proxy(target: string | Promise<string>): Promise<S3Proxy> {
  const seen: S3Request[] = [];
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  const proxy = {
    endpoint: '',
    treat: (): Treatment => 'forward',
    count: (kind) => seen.filter((one) => one === kind).length,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  } as S3Proxy & { endpoint: string };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://s3');
    const kind = kindOf(request.method ?? '', url.searchParams);
    seen.push(kind);
    const treatment = await proxy.treat(kind, decodeURIComponent(url.pathname));
    if (treatment === 'cut' || treatment === 'reset') {
      if (treatment === 'reset') request.socket.resetAndDestroy();
      else response.destroy();
      return;
    }
    if (treatment === 'stall' || isAnswer(treatment)) request.resume();
    if (treatment === 'stall') return;
    if (isAnswer(treatment)) sendError(response, ANSWERS[treatment]);
    else forward(await target, request, response, treatment);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  proxy.endpoint = `http://127.0.0.1:${address.port}`;
  return proxy;
}

function kindOf(method: string, parameters: URLSearchParams): S3Request {
  if (method === 'POST' && parameters.has('uploads')) return 'create';
  if (method === 'HEAD') return 'head';
  if (method === 'GET') return 'get';
  if (!parameters.has('uploadId')) return 'other';
  const kinds: Readonly<Record<string, S3Request>> = { PUT: 'part', POST: 'complete', DELETE: 'abort' };
  return kinds[method] ?? 'other';
}

const isAnswer = (treatment: Treatment): treatment is keyof typeof ANSWERS => treatment in ANSWERS;
const isChange = (treatment: Treatment): treatment is keyof typeof CHANGES => treatment in CHANGES;

function sendError(response: ServerResponse, { status, code }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<Error><Code>${code}</Code><Message>as the test wants</Message></Error>`);
}

/** The host stays as it was signed. */
function forward(target: string, request: IncomingMessage, response: ServerResponse, treatment: Treatment): void {
  const onward = httpRequest(`${target}${request.url ?? ''}`, { method: request.method, headers: request.headers });
  onward.on('response', (answer) => {
    if (isChange(treatment)) {
      CHANGES[treatment](answer, response);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.on('error', () => onward.destroy());
  (treatment === 'corrupt' ? request.pipe(flipFirstBit()) : request).pipe(onward);
}

function withWholeBody(answer: IncomingMessage, response: ServerResponse, change: (bytes: Buffer) => Buffer): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('end', () => {
    const bytes = change(Buffer.concat(chunks));
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': bytes.length }).end(bytes);
  });
}

function flipFirstBit(): Transform {
  let done = false;
  return new Transform({
    transform: (chunk: Buffer, _encoding, callback) => {
      if (!done) chunk.writeUInt8(chunk.readUInt8(0) ^ 1, 0);
      done = true;
      callback(null, chunk);
    },
  });
}
