/** A pg_dump that goes wrong by itself is never a success, whatever it wrote before. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { misbehavingClient } from '../support/worker-clients.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { planFor, runWorker, type WorkerResult } from '../support/worker-run.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

let world: WorkerWorld;
let server: PostgresServer;
const PASSWORD = 'pass word/with:odd@characters';

beforeAll(async () => {
  [world, server] = await Promise.all([startWorkerWorld(), startPostgres({ major: 17, password: PASSWORD })]);
  await query(server, 'postgres', 'CREATE TABLE item AS SELECT n FROM generate_series(1, 10) n');
});

afterAll(async () => {
  await server.stop();
  await world.stop();
});

async function runWith(behaviour: string, deadline = new Date(Date.now() + 3_600_000)): Promise<WorkerResult> {
  const HOLDFAST_PG_ROOT = await misbehavingClient(behaviour);
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
  ['fails-after-archive', /^pg_dump exited with code 1: pg_dump: error: query failed: server closed the connection/],
  ['kills-itself', /^pg_dump was ended by SIGKILL without a word$/],
  ['says-nothing', /^pg_dump exited with code 0 but its 0 bytes are no archive$/],
  ['writes-text', /^pg_dump exited with code 0 but its 28 bytes are no archive$/],
  ['closes-stdout-then-fails', /^pg_dump exited with code 1 without a word$/],
  ['leaves-a-child', /^pg_dump exited with code 1 without a word$/],
])('%s', async (behaviour, message) => {
  await expectFailed(await runWith(behaviour), 'DumpFailed', message);
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
  const result = await runWith('ignores-sigterm', new Date(Date.now() + 3_000));
  await expectFailed(result, 'DeadlineExceeded', /not done at its deadline/);
});

test('its warnings are kept', async () => {
  const { outcome, code } = await runWith('warns');
  const warning = 'pg_dump: warning: there are circular foreign-key constraints on this table:';
  expect(outcome?.databases).toMatchObject([{ status: 'dumped', client: 'pg_dump 17.99', warnings: [warning] }]);
  expect(code).toBe(0);
});
