/**
 * The few requests of S3 that an upload needs, by path: checked, counted, thrown away. What is measured is then neither
 * a disk nor somebody's S3. For restores it keeps what it takes, and gives it back.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { base64OfCrc32 } from '../../../core/crc32.ts';
import { takeBody, type Body } from './body.ts';
import { keepIn, readPieces, type Keep } from './pieces.ts';
import { Refusal } from './refusal.ts';
import {
  abortUpload,
  completeUpload,
  createUpload,
  etagOf,
  findObject,
  forgetAll,
  listObjects,
  openUploads,
  putObject,
  putPart,
  type ListedPart,
} from './uploads.ts';

/** Where the bench asks what came; no bucket has such a name. */
export const STATUS_PATH = '/_sink';

/** @param directory where it keeps what it takes; undefined: nowhere */
export function createSink(directory?: string): Server {
  const keep = directory === undefined ? undefined : keepIn(directory);
  return createServer((request, response) => {
    answer(request, response, keep).catch((error: unknown) => {
      refuse(request, response, error);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, keep: Keep | undefined): Promise<void> {
  const url = new URL(request.url ?? '', 'http://sink');
  if (url.pathname === STATUS_PATH) {
    if (request.method === 'DELETE') forgetAll();
    response.end(JSON.stringify({ objects: listObjects(), openUploads: openUploads(), cpu: process.cpuUsage() }));
    return;
  }
  // Without the bucket: there is one.
  const key = decodeURIComponent(url.pathname).replace(/^\/[^/]+\//, '');
  const handle = handlerOf(request.method ?? '', url.searchParams);
  await handle({ request, response, key, query: url.searchParams, keep });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly keep: Keep | undefined;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

function handlerOf(method: string, query: URLSearchParams): Handler {
  const ofUpload = query.has('uploadId');
  if (method === 'POST' && query.has('uploads')) return create;
  if (method === 'POST' && ofUpload) return complete;
  if (method === 'PUT') return ofUpload ? takePart : takeObject;
  if (method === 'DELETE' && ofUpload) return abort;
  if (method === 'HEAD') return head;
  if (method === 'GET') return get;
  throw new Refusal(501, 'NotImplemented', `${method} ${query.toString()} is not known here`);
}

function create({ response, key }: Exchange): void {
  sendXml(response, 'InitiateMultipartUploadResult', { Bucket: 'bench', Key: key, UploadId: createUpload(key) });
}

async function takePart({ request, response, key, query, keep }: Exchange): Promise<void> {
  const body = await takeBody(request, keep);
  putPart(query.get('uploadId') ?? '', key, Number(query.get('partNumber')), body);
  response.writeHead(200, headersOf(body)).end();
}

async function takeObject({ request, response, key, keep }: Exchange): Promise<void> {
  const body = await takeBody(request, keep);
  putObject(key, body, isOnlyNew(request));
  response.writeHead(200, headersOf(body)).end();
}

async function complete({ request, response, key, query }: Exchange): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const size = request.headers['x-amz-mp-object-size'];
  const claimed = {
    // Of other types than FULL_OBJECT the checksum is one of the checksums of the parts, which have been checked.
    crc32:
      request.headers['x-amz-checksum-type'] === 'FULL_OBJECT' ? headerOf(request, 'x-amz-checksum-crc32') : undefined,
    sizeBytes: size === undefined ? undefined : Number(size),
  };
  const listed = readParts(Buffer.concat(chunks).toString());
  const whole = completeUpload(query.get('uploadId') ?? '', key, listed, claimed, isOnlyNew(request));
  sendXml(response, 'CompleteMultipartUploadResult', { Bucket: 'bench', Key: key, ETag: etagOf(whole) });
}

function abort({ response, key, query }: Exchange): void {
  abortUpload(query.get('uploadId') ?? '', key);
  response.writeHead(204).end();
}

function head({ response, key }: Exchange): void {
  const body = findObject(key);
  response.writeHead(200, { ...headersOf(body), 'content-length': body.sizeBytes }).end();
}

async function get({ request, response, key, keep }: Exchange): Promise<void> {
  const body = findObject(key);
  if (!keep) throw new Refusal(501, 'NotImplemented', `${key} was thrown away: this sink keeps nothing`);
  const range = readRange(request.headers.range, body.sizeBytes);
  const { start, end } = range ?? { start: 0, end: body.sizeBytes };
  response.writeHead(range ? 206 : 200, {
    'content-length': end - start,
    // As S3 does: the checksum is that of the whole.
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${body.sizeBytes}` } : headersOf(body)),
  });
  await pipeline(readPieces(body.pieces, start, end), response);
}

/** @returns its end is exclusive; undefined: the whole object */
function readRange(header: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  if (header === undefined) return undefined;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header) ?? [];
  const start = Number(first ?? NaN);
  if (!(start < sizeBytes)) throw new Refusal(416, 'InvalidRange', `${header} is not in ${sizeBytes} bytes`);
  return { start, end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
}

function headersOf(body: Body): Record<string, string> {
  return { etag: etagOf(body), 'x-amz-checksum-crc32': base64OfCrc32(body.crc32) };
}

function readParts(xml: string): ListedPart[] {
  return [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(elementOf(part, 'PartNumber')),
    etag: (elementOf(part, 'ETag') ?? '').replaceAll('&quot;', '"'),
    crc32: elementOf(part, 'ChecksumCRC32'),
  }));
}

const elementOf = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(xml)?.[1];

const isOnlyNew = (request: IncomingMessage): boolean => request.headers['if-none-match'] === '*';

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function sendXml(response: ServerResponse, root: string, elements: Readonly<Record<string, string>>): void {
  const content = Object.entries(elements).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?><${root}>${content.join('')}</${root}>`);
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // A client that has hung up gets no answer.
  if (response.destroyed || response.headersSent) return;
  const { status, code } = error instanceof Refusal ? error : { status: 500, code: 'InternalError' };
  const message = error instanceof Error ? error.message : String(error);
  request.resume();
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    request.method === 'HEAD'
      ? undefined
      : `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`,
  );
}
