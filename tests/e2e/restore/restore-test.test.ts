/** Restore tests inside the worker: a throwaway server, every row counted, the source's questions answered. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { changeDump, runRestoreTest, startRestoreTest, storedOutcome, type TestPoint } from '../support/restore-run.ts';
import {
  dumpDatabase,
  dumpShop,
  fetchBytes,
  objectOf,
  putVersion,
  startShop,
  withEvidence,
  withObject,
} from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { someClients } from '../support/worker-clients.ts';
import { query } from '../support/worker-leftovers.ts';
import { workerCommand } from '../support/worker-run.ts';
import type { WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let point: TestPoint;

beforeAll(async () => {
  ({ world, source } = await startShop(keep));
  point = await dumpShop(world, source, 3);
});

/** Folders of throwaway servers. */
const serversLeft = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('holdfast-server-'));

test('passes: restored, compared, asked and timed, and nothing is left', async () => {
  const before = await serversLeft();
  const checks = [
    { name: 'measured', sql: 'select count(*) from measured;', expect: 500 },
    { name: 'noise', sql: "select 'yes' -- as it is", expect: 'yes' },
    { name: 'never', sql: 'select max(n) > 8 from noise', expect: false },
    { name: 'nothing', sql: 'select null', expect: null },
  ];
  const { code, output, outcome } = await runRestoreTest(world, point, { checks });
  expect({ code, output, failure: outcome.failure }).toEqual({ code: 0, output, failure: null });
  expect(outcome).toMatchObject({
    server: { version: expect.stringMatching(/^17\./) as unknown },
    comparedSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    databases: [
      {
        database: 'shop',
        compared: { tables: 14, rows: 592, sequences: 3, largeObjects: 2 },
        differences: [{ kind: 'recomputed', object: 'MATERIALIZED VIEW public.summary' }],
      },
    ],
    checks: checks.map(({ name }) => ({ name, passed: true })),
  });
  expect(outcome.seconds).toBeGreaterThan(0);
  expect(await serversLeft()).toEqual(before);
});

test('fails on each question that is answered wrongly, raises, or never ends', async () => {
  const checks = [
    { name: 'false', sql: 'select false', expect: true },
    { name: 'raises', sql: 'select 1 / 0', expect: true },
    { name: 'none', sql: 'select 1 where false', expect: 1 },
    { name: 'writes', sql: 'select lo_create(0)::bigint', expect: 1 },
    { name: 'endless', sql: 'select count(*) from generate_series(1, 1e12)', expect: 1 },
  ];
  const deadline = new Date(Date.now() + 30_000).toISOString();
  const { code, outcome } = await runRestoreTest(world, point, { checks, deadline });
  expect(code).toBe(ERRORS.RestoreMismatch.exit);
  expect(outcome.failure?.code).toBe('RestoreMismatch');
  expect(outcome.checks.map(({ name, passed, got }) => [name, passed, got])).toEqual([
    ['false', false, 'false'],
    ['raises', false, expect.stringContaining('division by zero')],
    ['none', false, expect.stringContaining('returned 0 rows')],
    ['writes', false, expect.stringContaining('read-only transaction')],
    ['endless', false, expect.stringContaining('statement timeout')],
  ]);
});

describe('says that the point is bad', () => {
  test('when a row is missing, and where', async () => {
    const objects = await withEvidence(world, point, (evidence) => ({
      ...evidence,
      tables: evidence.tables.map((table) => (table.name === 'measured' ? { ...table, rows: 501 } : table)),
    }));
    const { outcome } = await runRestoreTest(world, await changeDump(world, point, { objects }));
    expect(outcome.failure).toEqual({
      code: 'RestoreMismatch',
      message: 'database shop is not what was dumped: table public.measured has 500 rows, 501 were dumped',
    });
  });

  test('when the stored copy is damaged', async () => {
    const data = objectOf(point, 'data');
    const bytes = await fetchBytes(world, data);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
    const { versionId, checksum } = await putVersion(world, data, bytes);
    const objects = withObject(point, { ...data, versionId, checksum });
    const { outcome } = await runRestoreTest(world, await changeDump(world, point, { objects }));
    expect(outcome).toMatchObject({ failure: { code: 'ChecksumMismatch' }, seconds: null });
  });
});

describe('is untestable, which is neither', () => {
  test('where the image lacks an extension', async () => {
    const objects = await withEvidence(world, point, (evidence) => ({
      ...evidence,
      extensions: [...evidence.extensions, { name: 'postgis', schema: 'public', version: '3.5' }],
    }));
    const { code, outcome } = await runRestoreTest(world, await changeDump(world, point, { objects }));
    expect(code).toBe(ERRORS.Untestable.exit);
    expect(outcome.failure).toEqual({ code: 'Untestable', message: 'the target lacks extensions: postgis' });
  });

  test('where the image lacks the server', async () => {
    const pgRoot = await someClients(world.toolchain.pgRoot, [16, 18]);
    await changeDump(world, point, {});
    const { outcome } = await runRestoreTest(world, point, {}, { HOLDFAST_PG_ROOT: pgRoot });
    expect(outcome.failure?.message).toBe(
      'the worker image has no server of PostgreSQL 17: build it with POSTGRES_SERVERS="17"',
    );
  });
});

test('rows that nobody counted are not said to be equal', async () => {
  await query(source, 'postgres', 'CREATE DATABASE uncounted');
  await query(source, 'uncounted', 'CREATE TABLE a AS SELECT 1 AS n');
  const point = await dumpDatabase(world, source, 'uncounted', { evidence: 'none' });
  const { outcome } = await runRestoreTest(world, point);
  expect(outcome).toMatchObject({
    failure: null,
    databases: [{ compared: { tables: 0 }, differences: [{ kind: 'not compared', object: 'rows of all tables' }] }],
  });
});

describe('the disk of a restore test is too small, which says nothing about the point', () => {
  let point: TestPoint;

  beforeAll(async () => {
    await query(source, 'postgres', 'CREATE DATABASE long');
    await query(source, 'long', `CREATE TABLE long AS SELECT repeat('x', 1900) FROM generate_series(1, 14000)`);
    point = await dumpDatabase(world, source, 'long');
  });

  test('for the compressed archives already', async () => {
    const archive = objectOf(point, 'archive');
    const huge = await changeDump(world, point, {
      objects: withObject(point, { ...archive, sizeBytes: Number.MAX_SAFE_INTEGER }),
    });
    const { outcome } = await runRestoreTest(world, huge);
    expect(outcome.failure).toEqual({
      code: 'Untestable',
      message: expect.stringMatching(
        /^the compressed archives have 8\.0 PiB, and the worker's disk .* left: raise/,
      ) as unknown,
    });
    await changeDump(world, point, {});
  });

  test('for what is in them', async () => {
    const run = await startRestoreTest(world, point);
    const { command, args, env } = workerCommand(world, run);
    // No file may be longer than 20 MiB: the server's own files are not, and the table is.
    const limited = ['-c', 'ulimit -f 40960; exec "$@"', 'sh', command, ...args];
    const child = spawn('/bin/sh', limited, { env, stdio: 'ignore' });
    await once(child, 'exit');
    expect(await storedOutcome(world, run, '')).toMatchObject({
      failure: {
        code: 'Untestable',
        message: expect.stringMatching(
          /^the worker's disk is too small: raise worker\.diskGiB.*could not extend file/,
        ) as unknown,
      },
    });
  });
});
