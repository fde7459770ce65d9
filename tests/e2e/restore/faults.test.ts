/** What can go wrong with a restore: none of it ends as a success, and the target is as it was or said to be partial. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import type { RestorePlan } from '../../../core/restore-record.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { unprivilegedUser } from '../../../local/unprivileged-user.ts';
import {
  changeDump,
  planRestore,
  runRestore,
  startRestore,
  storedOutcome,
  type TestPoint,
} from '../support/restore-run.ts';
import {
  dumpShop,
  fetchBytes,
  fillShop,
  objectOf,
  putVersion,
  startRestoreScene,
  withEvidence,
  withObject,
} from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { clientProcessIds, query } from '../support/worker-leftovers.ts';
import { startWorker } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import { BUCKET, type WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let source: PostgresServer;
let target: PostgresServer;
let proxy: S3Proxy;
let single: TestPoint;
let parallel: TestPoint;

beforeAll(async () => {
  ({ world, source, target } = await startRestoreScene(keep));
  await fillShop(source);
  single = await dumpShop(world, source, 1);
  parallel = await dumpShop(world, source, 3);
});

beforeEach(async () => {
  proxy = await startS3Proxy(world.emulator.endpoint);
});

afterEach(async () => {
  await proxy.close();
  await query(target, 'postgres', 'DROP DATABASE IF EXISTS shop WITH (FORCE)');
  for (const role of ['"odd owner"', 'reporting', '"team ""x"""']) {
    await query(target, 'postgres', `DROP ROLE IF EXISTS ${role}`);
  }
});

/** Roles, databases and what the target's databases hold: equal before and after means left as found. */
async function stateOf(server: PostgresServer): Promise<unknown> {
  const databases = await query(server, 'postgres', 'SELECT datname AS name FROM pg_database ORDER BY 1');
  const roles = await query(server, 'postgres', 'SELECT rolname FROM pg_roles ORDER BY 1');
  const relations = `SELECT relname, relnatts, reltuples FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`;
  const shop = databases.some(({ name }) => name === 'shop') ? await query(server, 'shop', relations) : null;
  return { databases, roles, shop };
}

/** Runs it, through the proxy: it fails so, nothing of it runs on, and the target is as it was. */
async function expectRefused(plan: RestorePlan, code: ErrorCode, message: RegExp): Promise<void> {
  const before = await stateOf(target);
  const { outcome, ...end } = await runRestore(world, plan, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
  expect({ output: end.output, failure: outcome.failure }).toEqual({
    output: end.output,
    failure: { code, message: expect.stringMatching(message) as unknown },
  });
  expect(end.code).toBe(ERRORS[code].exit);
  expect(outcome).toMatchObject({ targetState: 'untouched', databaseCreated: false, rolesCreated: [] });
  expect(await stateOf(target)).toEqual(before);
  expect(await clientProcessIds(target.port)).toEqual([]);
}

describe('the stored copy', () => {
  test.each([
    ['archive.dump', 1],
    ['schema.dump', 3],
    ['data-01.dump', 3],
    ['data-02.dump', 3],
    ['roles.sql', 3],
    ['evidence.json.gz', 3],
  ] as const)('has one wrong byte in %s', async (file, jobs) => {
    const plan = await planRestore(world, jobs === 1 ? single : parallel, target);
    proxy.treat = (request, key) => (request === 'get' && key.endsWith(file) ? 'flip' : 'forward');
    await expectRefused(plan, 'ChecksumMismatch', new RegExp(`${file} has SHA-256 [0-9a-f]{64}, not `));
  });

  test('is cut short', async () => {
    const archive = objectOf(single, 'archive');
    const bytes = await fetchBytes(world, archive);
    const { versionId } = await putVersion(world, archive, bytes.subarray(0, bytes.length - 1));
    const cut = await changeDump(world, single, { objects: withObject(single, { ...archive, versionId }) });
    const plan = await planRestore(world, cut, target);
    await expectRefused(plan, 'SizeMismatch', /archive\.dump with \d+ bytes, not \d+/);
    await changeDump(world, single, {});
  });

  test('breaks off half-way, and is taken up where it broke', async () => {
    const plan = await planRestore(world, single, target);
    let gets = 0;
    proxy.treat = (request, key) => {
      if (request !== 'get' || !key.endsWith('archive.dump')) return 'forward';
      gets += 1;
      return gets === 2 ? 'break-off' : 'forward';
    };
    const { code, output } = await runRestore(world, plan, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
    expect({ code, output }).toEqual({ code: 0, output });
    expect(gets).toBe(3);
    expect(await digestDatabase(target, 'shop')).toEqual(await digestDatabase(source, 'shop'));
  });

  test('lacks an object', async () => {
    const lacking = await changeDump(world, parallel, {
      objects: parallel.dump.objects.map((object) =>
        object.role === 'data' ? { ...object, key: `${object.key}.gone` } : object,
      ),
    });
    const plan = await planRestore(world, lacking, target);
    await expectRefused(plan, 'ObjectMissing', /^S3 does not hold .*data-0\d\.dump/);
    await changeDump(world, parallel, {});
  });

  test('lacks the version that the manifest names, though a newer one is there', async () => {
    const archive = objectOf(single, 'archive');
    const old = await putVersion(world, archive, await fetchBytes(world, archive));
    await world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: old.key, VersionId: old.versionId ?? '' }));
    const gone = await changeDump(world, single, { objects: withObject(single, old) });
    await expectRefused(await planRestore(world, gone, target), 'ObjectMissing', /archive\.dump in version /);
    await changeDump(world, single, {});
  });

  test('differs by one row from its evidence: everything is there, and the table is named', async () => {
    const objects = await withEvidence(world, parallel, (evidence) => ({
      ...evidence,
      tables: evidence.tables.map((table) => (table.name === 'noise' ? { ...table, rows: table.rows + 1 } : table)),
    }));
    const altered = await changeDump(world, parallel, { objects });
    const { code, outcome } = await runRestore(world, await planRestore(world, altered, target));
    expect(code).toBe(ERRORS.RestoreMismatch.exit);
    expect(outcome.failure).toEqual({
      code: 'RestoreMismatch',
      message: 'database shop is not what was dumped: table public.noise has 8 rows, 9 were dumped',
    });
    expect(outcome).toMatchObject({ targetState: 'complete', databaseCreated: true });
    await changeDump(world, parallel, {});
  });
});

describe('the target', () => {
  test('refuses the login', async () => {
    const plan = await planRestore(world, single, { ...target, password: 'wrong' });
    await expectRefused(plan, 'AuthFailed', /refused the login of postgres/);
  });

  test('is not empty', async () => {
    await query(target, 'postgres', 'CREATE DATABASE shop');
    await query(target, 'shop', 'CREATE TABLE mine AS SELECT 1 AS n');
    const plan = await planRestore(world, single, target);
    await expectRefused(plan, 'TargetNotEmpty', /^database shop is not empty: it holds relation public\.mine$/);
  });

  test('has a table that is asked for', async () => {
    await query(target, 'postgres', 'CREATE DATABASE shop');
    await query(target, 'shop', 'CREATE TABLE noise (mine text)');
    const plan = await planRestore(world, single, target, { tables: ['noise'], allowNotEmpty: true });
    await expectRefused(plan, 'TargetNotEmpty', /^database shop has TABLE public\.noise already: /);
  });

  test('lacks a role that may not be made', async () => {
    const plan = await planRestore(world, single, target, { roles: 'skip' });
    await expectRefused(plan, 'RestoreFailed', /^the target lacks roles: odd owner, reporting, team "x": /);
  });

  test('lacks extensions, and connections too: all of it is said', async () => {
    const objects = await withEvidence(world, single, (evidence) => ({
      ...evidence,
      extensions: [...evidence.extensions, { name: 'postgis', schema: 'public', version: '3.5' }],
    }));
    const lacking = await changeDump(world, single, { objects });
    const plan = await planRestore(world, lacking, target, { roles: 'skip' });
    await expectRefused(plan, 'RestoreFailed', /^the target lacks extensions: postgis; the target lacks roles: /);
    await changeDump(world, single, {});
  });

  test('runs full: what the restore made is gone, what was there is said to be partial', async () => {
    const full = await startPostgres({ major: 17, password: 'full', settings: { wal_recycle: 'off' } });
    try {
      // No file of it may grow beyond that: its log has files of 16 MiB, the table of noise is larger.
      await execa('prlimit', [`--pid=${full.pid}`, `--fsize=${17 * 1024 ** 2}`], await unprivilegedUser());
      await query(full, 'postgres', 'CREATE DATABASE ready');
      const large = await dumpNoise(32);
      const made = await runRestore(world, await planRestore(world, large, full));
      expect(made.outcome.failure?.code).toBe('RestoreFailed');
      expect(made.outcome.failure?.message).toMatch(/noise.*could not extend file/);
      expect(made.outcome).toMatchObject({ targetState: 'untouched', databaseCreated: false, rolesCreated: [] });
      const found = await runRestore(world, await planRestore(world, large, full, { toDatabase: 'ready' }));
      expect(found.outcome).toMatchObject({ failure: { code: 'RestoreFailed' }, targetState: 'partial' });
    } finally {
      await full.stop();
    }
  });
});

async function dumpNoise(mebibytes: number): Promise<TestPoint> {
  await query(
    source,
    'shop',
    `CREATE TABLE more_noise AS SELECT noise.* FROM noise, generate_series(1, ${mebibytes / 8})`,
  );
  const point = await dumpShop(world, source, 1);
  await query(source, 'shop', 'DROP TABLE more_noise');
  return point;
}

test('the worker is killed half-way and runs again: the same restore begins anew', async () => {
  const held = Promise.withResolvers<undefined>();
  proxy.treat = (request, key) => {
    if (request !== 'get' || !key.endsWith('data-01.dump') || proxy.count('get') < 5) return 'forward';
    held.resolve(undefined);
    return new Promise(() => undefined);
  };
  const run = await startRestore(world, await planRestore(world, parallel, target));
  const first = startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
  await held.promise;
  first.child.kill('SIGKILL');
  await first.ended;
  proxy.treat = () => 'forward';
  const [half] = await query(
    target,
    'postgres',
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = 'shop'`,
  );
  expect(half?.['comment']).toMatch(/^not complete: being restored by holdfast, restore-\d+$/);
  await expectRefused(await planRestore(world, parallel, target), 'TargetNotEmpty', /^database shop is not empty/);
  const { code, output } = await startWorker(world, run).ended;
  expect({ code, output }).toEqual({ code: 0, output });
  expect(await storedOutcome(world, run, output)).toMatchObject({ failure: null, attempt: 2, targetState: 'complete' });
  expect(await digestDatabase(target, 'shop')).toEqual(await digestDatabase(source, 'shop'));
});
