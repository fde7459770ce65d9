import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { thawObject } from '../../../aws/thaw-object.ts';
import type { StorageState } from '../../../core/thaw.ts';
import { storedObject } from '../core/run-samples.ts';

/** What S3 answers, and what it was asked. */
let answer: { readonly status: number; readonly code: string };
let asked: string[];
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      const error = `<Error><Code>${answer.code}</Code><Message>as the test wants</Message></Error>`;
      response.writeHead(answer.status, { 'content-type': 'application/xml' });
      response.end(answer.status < 300 ? '' : error);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
    HOLDFAST_BUCKET: 'backups',
  });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});
beforeEach(() => {
  asked = [];
});

const FROZEN: StorageState = { sizeBytes: 1, storageClass: 'GLACIER', archiveStatus: undefined, restore: undefined };

const thaw = async (status: number, code: string): Promise<void> => {
  answer = { status, code };
  await thawObject(storedObject('a/archive.dump', { versionId: 'v1' }), FROZEN, 'Expedited');
};

it('asks for the version that is recorded, with the days of the copy and the tier', async () => {
  await thaw(202, '');
  expect(asked).toEqual([expect.stringMatching(/^POST .*a\/archive\.dump\?restore=&versionId=v1.*<Days>5<\/Days>/)]);
  expect(asked[0]).toContain('<Tier>Expedited</Tier>');
});

it('takes a thaw that is going on for its own', async () => {
  await expect(thaw(409, 'RestoreAlreadyInProgress')).resolves.toBeUndefined();
});

it('says what to do when S3 has no capacity for haste', async () => {
  await expect(thaw(503, 'GlacierExpeditedRetrievalNotAvailable')).rejects.toMatchObject({
    name: 'RestoreFailed',
    message: 'S3 has no capacity for thawTier Expedited at the moment: start again later, or with Standard',
  });
});

it('does not take a refusal for a thaw', async () => {
  await expect(thaw(403, 'AccessDenied')).rejects.toMatchObject({ name: 'AccessDenied' });
});
