/** S3 as the network may treat it: between the worker and the emulator, told what to do with each request. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** The name of an S3 request, as far as the tests tell them apart. */
export type S3Request = 'create' | 'part' | 'complete' | 'abort' | 'head' | 'other';

/**
 * `forward`; `cut`: close the connection without asking S3; `lose-answer`: ask S3 and close; `gone`, `taken`: answer
 * NoSuchUpload or PreconditionFailed without asking. A promise holds the request up.
 */
export type Treatment = 'forward' | 'cut' | 'lose-answer' | keyof typeof ANSWERS;

const ANSWERS = {
  gone: { status: 404, code: 'NoSuchUpload' },
  taken: { status: 412, code: 'PreconditionFailed' },
} as const;

export interface S3Proxy {
  readonly endpoint: string;
  /** Asked for every request; replace it to change the weather. */
  treat: (request: S3Request, key: string) => Treatment | Promise<Treatment>;
  /** How many requests of a kind have come. */
  count(request: S3Request): number;
  /** Nobody listens any more. */
  close(): Promise<void>;
}

export async function startS3Proxy(target: string): Promise<S3Proxy> {
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
    if (treatment === 'cut') response.destroy();
    else if (treatment === 'gone' || treatment === 'taken') answer(request, response, ANSWERS[treatment]);
    else forward(target, request, response, treatment);
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
  if (!parameters.has('uploadId')) return 'other';
  const kinds: Readonly<Record<string, S3Request>> = { PUT: 'part', POST: 'complete', DELETE: 'abort' };
  return kinds[method] ?? 'other';
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code }: { readonly status: number; readonly code: string },
): void {
  request.resume();
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<Error><Code>${code}</Code><Message>as the test wants</Message></Error>`);
}

/** The host stays as it was signed. */
function forward(target: string, request: IncomingMessage, response: ServerResponse, treatment: Treatment): void {
  const onward = httpRequest(`${target}${request.url ?? ''}`, { method: request.method, headers: request.headers });
  onward.on('response', (onwardAnswer) => {
    if (treatment === 'lose-answer') {
      onwardAnswer.resume();
      onwardAnswer.on('end', () => response.destroy());
      return;
    }
    response.writeHead(onwardAnswer.statusCode ?? 502, onwardAnswer.headers);
    onwardAnswer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.on('error', () => onward.destroy());
  request.pipe(onward);
}
