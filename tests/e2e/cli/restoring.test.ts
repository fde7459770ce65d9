/** `holdfast restore`, `restore-test` and `verify` against a deployed stack and a real PostgreSQL. */
import { DescribeStateMachineCommand, UpdateStateMachineCommand } from '@aws-sdk/client-sfn';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { installToolchain } from '../../../local/toolchain.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import { holdfast, holdfastJson, type Environment } from './holdfast.ts';
import { testThaw } from './thawing.ts';
import { testVerify } from './verifying.ts';

const CONFIG = `
restoreTargets:
  staging: { secret: test/shop, sslMode: disable }
sources:
  shop:
    connection: { secret: test/shop, sslMode: disable }
    databases: [shop]
  endless:
    connection: { secret: test/shop, sslMode: disable }
    databases: [shop]
    restoreTest: { cron: "0 6 1 1 ? *", checks: [{ name: never ends, sql: select pg_sleep(600), expect: "" }] }
`;

/** The first start on a machine installs the toolchain. */
jest.setTimeout(240_000);

const keep = stopAfterTests();
let stack: TestStack;
let server: PostgresServer;
let point: string;
/** What a laptop has: libpq's variables, and the clients of PostgreSQL. */
let laptop: Environment;

beforeAll(async () => {
  [stack, server] = await Promise.all([
    keep(startTestStack({ config: CONFIG })),
    keep(startPostgres({ major: 17, password: 'p@ss/w:rd' })),
  ]);
  const { host, port, user, password } = server;
  const { pgRoot } = await installToolchain(() => undefined);
  laptop = {
    ...stack.env,
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGSSLMODE: 'disable' },
    HOLDFAST_PG_ROOT: pgRoot,
  };
  await query(server, 'postgres', 'CREATE DATABASE shop');
  await query(server, 'shop', 'CREATE TABLE item AS SELECT n, md5(n::text) FROM generate_series(1, 1234) n');
  await query(server, 'shop', 'CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, $$a$$)');
  await stack.registerDatabase(server, { secret: 'test/shop' });
  const { document } = await holdfastJson(stack.env, 'backup', 'shop', '--wait');
  point = String(document['run']);
});

const countItems = async (database: string): Promise<unknown> =>
  query(server, database, 'SELECT count(*)::int AS count FROM item');

test('a restore that somebody waits for ends with a table of what was compared', async () => {
  const { code, stdout, stderr } = await holdfast(
    stack.env,
    ...['restore', 'shop', '--target', 'staging', '--to-database', 'copy', '--wait'],
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^started shop-restore-\d{8}-\d{6}-[0-9a-f]{4}\n/);
  expect(stdout).toMatch(/^ +\d+ s {2}CollectRestore$/m);
  expect(stdout).toMatch(new RegExp(`: restored from ${point} into copy at 127\\.0\\.0\\.1:${server.port}, `));
  expect(stdout).toMatch(/^shop +2 +1,235 +[\d.]+ \w+ +\d+ s +\d+ s +equal$/m);
  expect(await countItems('copy')).toEqual([{ count: 1234 }]);
});

test('a target that is not empty is refused with its exit code, and named in the document', async () => {
  const { code, document } = await holdfastJson(
    stack.env,
    ...['restore', 'shop', '--secret', 'test/shop', '--to-database', 'copy', '--wait'],
  );
  expect(code).toBe(40);
  expect(document).toMatchObject({
    kind: 'restore',
    status: 'failed',
    point,
    targetState: 'untouched',
    target: { database: 'copy' },
    error: { code: 'TargetNotEmpty' },
  });
});

test('a dry run prints the plan and starts nothing', async () => {
  const { code, document } = await holdfastJson(stack.env, 'restore', 'shop', '--target', 'staging', '--dry-run');
  expect(code).toBe(0);
  expect(document).toMatchObject({
    status: 'planned',
    plan: { point: { run: point }, database: 'shop', thaw: { objects: 0, dollars: 0 } },
  });
});

test('a table that was dropped comes back from a laptop, beside what is there', async () => {
  await query(server, 'shop', 'DROP TABLE note');
  const { code, stdout, stderr } = await holdfast(
    laptop,
    ...['restore', 'shop', '--local', '--table', 'public.note', '--allow-not-empty'],
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^shop +1 +1 +/m);
  expect(await query(server, 'shop', 'SELECT text FROM note')).toEqual([{ text: 'a' }]);
  expect(await countItems('shop')).toEqual([{ count: 1234 }]);
});

test('a restore test measures the recovery time, which the point then shows', async () => {
  const { code, document } = await holdfastJson(stack.env, 'restore-test', 'shop', '--wait');
  expect(code).toBe(0);
  expect(document).toMatchObject({ kind: 'restore-test', status: 'succeeded', point, databases: [{ rows: 1235 }] });
  const list = await holdfast(stack.env, 'list', 'shop');
  expect(list.stdout).toMatch(/^STARTED.* TESTED/);
  expect(list.stdout).toMatch(new RegExp(`${point} .*passed, \\d+ s`));
  expect((await holdfast(stack.env, 'show', point)).stdout).toMatch(/^ {2}tested +passed .*, recovery took \d+ s/m);
});

test('a restore test that comes to no end in time has failed, and says so', async () => {
  expect((await holdfast(stack.env, 'backup', 'endless', '--wait')).code).toBe(0);
  const original = await limitTests(4);
  const { code, document } = await holdfastJson(stack.env, 'restore-test', 'endless', '--wait');
  await limitTests(original);
  expect(code).toBe(17);
  expect(document).toMatchObject({ status: 'failed', error: { code: 'DeadlineExceeded' } });
  expect((await holdfast(stack.env, 'list', 'endless')).stdout).not.toContain('passed');
});

/** For how long an execution may run. @returns for how long it might before */
async function limitTests(seconds: number): Promise<number> {
  const { clients, info } = stack;
  const stateMachineArn = info.stateMachines.restoreTest;
  const { definition = '' } = await clients.stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const machine = JSON.parse(definition) as { TimeoutSeconds: number };
  const limited = JSON.stringify({ ...machine, TimeoutSeconds: seconds });
  await clients.stepFunctions.send(new UpdateStateMachineCommand({ stateMachineArn, definition: limited }));
  return machine.TimeoutSeconds;
}

test('what was typed wrong is refused before anything is started', async () => {
  const wrong = async (...args: string[]) => {
    const { code, stderr } = await holdfast(stack.env, ...args);
    return { code, stderr };
  };
  expect(await wrong('restore', 'shop')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('exactly one of --target, --secret and --local'),
  });
  expect(await wrong('restore', 'shop', '--target', 'staging', '--table', 'note')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('must be schema.table'),
  });
  expect(await wrong('restore', 'shop', '--target', 'staging', '--point', '2025-11-21', '--wait')).toMatchObject({
    code: 8,
  });
  expect(await wrong('verify')).toMatchObject({ code: 2 });
});

testVerify(() => ({ stack, run: point }));
testThaw(() => ({ stack, server, laptop }));
