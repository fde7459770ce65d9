/** What cannot even be started leaves nothing open. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { runPgDump, type PgDumpJob } from '../../../worker/postgres/pg-dump.ts';
import { openStdoutPipe } from '../../../worker/postgres/stdout-pipe.ts';
import type { Upload } from '../../../worker/upload.ts';

const nothing = (): Promise<void> => Promise.resolve();
const NO_UPLOAD: Upload = {
  key: 'none',
  write: () => undefined,
  finish: nothing,
  complete: () => Promise.reject(new Error('there is nothing to complete')),
  abort: nothing,
};

function job(change: Partial<PgDumpJob>): PgDumpJob {
  return {
    client: { path: '/bin/true', name: 'pg_dump 17.1' },
    server: {
      ...{ host: '127.0.0.1', port: 1, user: 'nobody', database: undefined, sslMode: 'disable' },
      certificates: { file: '', pem: '', dispose: () => undefined },
      password: () => Promise.resolve('secret'),
    },
    ...{
      database: 'postgres',
      snapshot: 'none',
      dump: Dump.parse({}),
      selection: [],
      applicationName: 'holdfast test',
    },
    ...{ signal: new AbortController().signal, upload: NO_UPLOAD, onMoved: () => undefined, onBlock: () => undefined },
    ...change,
  };
}

/** What keeps the process alive, when all that was ended has had its turn. */
async function openPipes(): Promise<string[]> {
  await sleep(50);
  return process.getActiveResourcesInfo().filter((resource) => /Pipe(?:Wrap|ServerWrap)/.test(resource));
}

let before: string[];

beforeAll(async () => {
  before = await openPipes();
});

test.each([
  ['there is no such program', { client: { ...job({}).client, path: '/nowhere/pg_dump' } }, 'ENOENT'],
  ['an argument is too long', { selection: [`--table=${'x'.repeat(200_000)}`] }, 'E2BIG'],
])('%s', async (_why, change, code) => {
  await expect(runPgDump(job(change))).rejects.toMatchObject({
    code: 'DumpFailed',
    message: expect.stringMatching(new RegExp(`^pg_dump did not start: .*${code}`)) as unknown,
    cause: expect.objectContaining({ code }) as unknown,
  });
  expect(await openPipes()).toEqual(before);
});

test('the folder has too long a name for a socket', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'holdfast-test-'));
  const long = path.join(root, 'x'.repeat(100));
  mkdirSync(long);
  try {
    await expect(openStdoutPipe(long)).rejects.toMatchObject({
      code: 'DumpFailed',
      message: expect.stringContaining(`${long}/holdfast-stdout-`) as unknown,
    });
    expect(await openPipes()).toEqual(before);
    expect(readdirSync(long)).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
