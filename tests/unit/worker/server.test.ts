/** AWS gives no answer, and the worker is told to end. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HoldfastError } from '../../../core/errors.ts';
import { resolveServer, type ServerPlan } from '../../../worker/postgres/server.ts';

let silent: Server;

beforeAll(async () => {
  silent = createServer(() => undefined);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${address.port}`,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});

afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

const connection = { auth: 'password', sslMode: 'disable' } as const;
const plans: readonly (readonly [string, ServerPlan])[] = [
  ['for the secret', { connection: { ...connection, secret: 'shop' } }],
  ['for the instance', { connection, rds: { kind: 'instance', identifier: 'shop' } }],
  ['for the cluster', { connection, rds: { kind: 'cluster', identifier: 'shop' } }],
];

test.each(plans)('while it is asked %s', async (_what, plan) => {
  const cancel = new AbortController();
  const asked = once(silent, 'request');
  const resolved = resolveServer(plan, import.meta.dirname, cancel.signal);
  resolved.catch(() => undefined);
  await asked;
  const reason = new HoldfastError('Cancelled', 'the worker was stopped by SIGTERM');
  cancel.abort(reason);
  await expect(resolved).rejects.toBe(reason);
});
