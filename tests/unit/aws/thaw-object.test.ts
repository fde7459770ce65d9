import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { thawObject } from '../../../aws/thaw-object.ts';
import type { StorageState } from '../../../core/thaw.ts';
import { storedObject } from '../core/run-samples.ts';
import { startLoopback } from './loopback.ts';

/** What S3 answers, and what it was asked. */
let answer: { readonly status: number; readonly code: string };
let asked: string[];
let stop: () => Promise<void>;

beforeAll(async () => {
  stop = await startLoopback((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      const error = `<Error><Code>${answer.code}</Code><Message>as the test wants</Message></Error>`;
      response.writeHead(answer.status, { 'content-type': 'application/xml' });
      response.end(answer.status < 300 ? '' : error);
    });
  });
});
afterAll(() => stop());
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
