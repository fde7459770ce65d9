/** A pg_dump that goes wrong by itself is never a success, whatever it wrote before. */
import { rm } from 'node:fs/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { blockEnds, dumpWith, withoutBlock } from '../support/damaged-archives.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { misbehavingClient } from '../support/worker-clients.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { planFor, runWorker, type WorkerResult } from '../support/worker-run.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let server: PostgresServer;
const PASSWORD = 'pass word/with:odd@characters';

const archives: Record<'whole' | 'half' | 'lacking' | 'longer' | 'header' | 'contents' | 'text' | 'future', Buffer> = {
  whole: Buffer.alloc(0),
  half: Buffer.alloc(0),
  lacking: Buffer.alloc(0),
  longer: Buffer.alloc(0),
  header: Buffer.alloc(0),
  contents: Buffer.alloc(0),
  text: Buffer.from('-- PostgreSQL database dump\n'),
  future: Buffer.alloc(0),
};

beforeAll(async () => {
  [world, server] = await Promise.all([
    keep(startWorkerWorld()),
    keep(startPostgres({ major: 17, password: PASSWORD })),
  ]);
  await query(server, 'postgres', 'CREATE TABLE item AS SELECT n FROM generate_series(1, 10) n');
  // More than one part of an upload.
  await query(server, 'postgres', 'CREATE TABLE noise AS SELECT md5(n::text) FROM generate_series(1, 400000) n');
  const args = ['--dbname=postgres', '--compress=0'];
  const whole = await dumpWith(`${server.pgBin}/pg_dump`, server, args);
  archives.whole = whole;
  archives.half = whole.subarray(0, whole.length / 2);
  archives.lacking = withoutBlock(whole, 0);
  archives.longer = Buffer.concat([whole, Buffer.of(1)]);
  archives.header = whole.subarray(0, 12);
  archives.contents = whole.subarray(0, blockEnds(whole, 1)[0]);
  archives.future = Buffer.from(whole).fill(99, 6, 7);
});

async function runWith(
  behaviour: string,
  archive: keyof typeof archives = 'whole',
  deadline = new Date(Date.now() + 3_600_000),
): Promise<WorkerResult> {
  const HOLDFAST_PG_ROOT = await misbehavingClient(behaviour, archives[archive]);
  try {
    const plan = await planFor(world, server, { deadline: deadline.toISOString() });
    return await runWorker(world, plan, { HOLDFAST_PG_ROOT });
  } finally {
    await rm(HOLDFAST_PG_ROOT, { recursive: true });
  }
}

async function expectFailed({ outcome, code, run }: WorkerResult, error: ErrorCode, message: RegExp): Promise<void> {
  const failure = { code: error, message: expect.stringMatching(message) as unknown };
  expect(outcome?.databases).toEqual([{ status: 'failed', database: 'postgres', failure }]);
  expect(code).toBe(ERRORS[error].exit);
  expect(await leftovers(world, run, server)).toEqual(NOTHING);
}

test.each([
  ['exits-1', 'whole', /^pg_dump exited with code 1: pg_dump: error: query failed: server closed the connection/],
  ['exits-1', 'contents', /^pg_dump exited with code 1: pg_dump: error: query failed: server closed the connection/],
  ['exits-1-long-after-its-output', 'whole', /^pg_dump exited with code 1 without a word$/],
  ['exits-1-long-after-its-output', 'half', /^pg_dump exited with code 1 without a word$/],
  ['dies-at-the-start', 'whole', /^pg_dump was ended by SIGKILL without a word$/],
  ['dies', 'half', /^pg_dump was ended by SIGKILL without a word$/],
  ['dies', 'whole', /^pg_dump was ended by SIGKILL without a word$/],
  ['leaves-a-child', 'whole', /^pg_dump exited with code 1 without a word$/],
  // It was not waited for: no reason to begin again.
  ['cannot-lock', 'whole', /^pg_dump exited with code 1: .*out of shared memory; .*Query was: LOCK TABLE/],
] as const)('%s (%s)', async (behaviour, archive, message) => {
  await expectFailed(await runWith(behaviour, archive), 'DumpFailed', message);
});

test.each([
  ['exits-0-without-a-word', 'whole', /ends inside its header$/],
  ['exits-0', 'text', /does not begin with PGDMP$/],
  ['exits-0', 'header', /ends inside its header$/],
  ['exits-0', 'contents', /lacks TABLE DATA public\.item, TABLE DATA public\.noise$/],
  ['exits-0', 'half', /ends inside TABLE DATA public\.noise$/],
  ['exits-0-long-after-its-output', 'half', /ends inside TABLE DATA public\.noise$/],
  ['exits-0', 'lacking', /lacks TABLE DATA public\.item$/],
  ['exits-0', 'longer', /has bytes after its last data block$/],
] as const)('%s, but the archive is not whole (%s)', async (behaviour, archive, message) => {
  await expectFailed(await runWith(behaviour, archive), 'DumpFailed', message);
});

test('what it says is shown without the password', async () => {
  const result = await runWith('shouts-password');
  await expectFailed(result, 'DumpFailed', /cannot log in with \*\*\*$/);
  expect(result.output).not.toContain(PASSWORD);
});

test('however much it says, the end of it is shown', async () => {
  const result = await runWith('fills-stderr');
  await expectFailed(result, 'DumpFailed', /pg_dump: error: the last line$/);
  expect(JSON.stringify(result.outcome).length).toBeLessThan(5_000);
});

test('it is killed when it does not end at its deadline', async () => {
  const result = await runWith('ignores-sigterm', 'whole', new Date(Date.now() + 3_000));
  await expectFailed(result, 'DeadlineExceeded', /not done at its deadline/);
});

test.each([
  ['warns', 'whole', 'pg_dump: warning: there are circular foreign-key constraints on this table:'],
  ['exits-0', 'future', 'unknown archive version 1.99: it was not checked that the archive is whole'],
] as const)('%s (%s): the warning is kept', async (behaviour, archive, warning) => {
  const { outcome, code } = await runWith(behaviour, archive);
  expect(outcome?.databases).toMatchObject([{ status: 'dumped', client: 'pg_dump 17.99', warnings: [warning] }]);
  expect(code).toBe(0);
});
