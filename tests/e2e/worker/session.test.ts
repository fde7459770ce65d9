/** Sessions that are given up while they are being opened, against a server that never becomes one. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Server } from '../../../worker/postgres/server.ts';
import { openSession } from '../../../worker/postgres/session.ts';
import { directServer } from '../support/direct-server.ts';

const REASON = new Error('the run was cancelled');

let connections: Socket[];
let onConnection: (socket: Socket) => void;
let listener: ReturnType<typeof createServer>;

beforeEach(async () => {
  connections = [];
  onConnection = () => undefined;
  listener = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
});

afterEach(async () => {
  for (const socket of connections) socket.destroy();
  listener.close();
  await once(listener, 'close');
});

function server(sslMode: Server['sslMode']): Server {
  const { port } = listener.address() as AddressInfo;
  return { ...directServer({ host: '127.0.0.1', port, user: 'postgres', password: 'secret' }), sslMode };
}

function open(on: Server, signal: AbortSignal): Promise<unknown> {
  return openSession(on, { database: 'postgres', applicationName: 'holdfast test', signal });
}

test('no second way of TLS is tried after the signal', async () => {
  const cancelled = new AbortController();
  onConnection = () => {
    cancelled.abort(REASON);
  };
  await expect(open(server('prefer'), cancelled.signal)).rejects.toBe(REASON);
  expect(connections).toHaveLength(1);
});

test('a signal that comes while the password is fetched is not missed', async () => {
  const cancelled = new AbortController();
  const password = (): Promise<string> => {
    cancelled.abort(REASON);
    return Promise.resolve('secret');
  };
  await expect(open({ ...server('disable'), password }, cancelled.signal)).rejects.toBe(REASON);
  expect(connections).toHaveLength(0);
});

test('the pause before the next attempt ends with the signal', async () => {
  const cancelled = new AbortController();
  onConnection = (socket) => {
    socket.end(starting());
    setTimeout(() => {
      cancelled.abort(REASON);
    }, 50);
  };
  const begunAt = performance.now();
  await expect(open(server('disable'), cancelled.signal)).rejects.toBe(REASON);
  expect(performance.now() - begunAt).toBeLessThan(1_000);
});

/** ErrorResponse of a server that is not ready yet: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function starting(): Buffer {
  const fields = Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0');
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + fields.length);
  return Buffer.concat([Buffer.from('E'), length, fields]);
}
