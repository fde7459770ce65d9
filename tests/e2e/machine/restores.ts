/** Restores and restore tests through the deployed machines. */
import { expect, test } from '@jest/globals';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { ErrorCode } from '../../../core/errors.ts';
import { restoreTestResultKey, testedKey } from '../../../core/keys.ts';
import { RestoreTestEntry, type StoredObject } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import {
  endOf,
  findRow,
  rowOf,
  rowsStarting,
  startMachine,
  startRun,
  stopRun,
  eventually,
} from '../support/machine-run.ts';
import type { MachineRun } from '../support/machine-run.ts';
import { processesOf } from '../support/machine-leftovers.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import { query } from '../support/worker-leftovers.ts';
import type { FaultWorld } from './fault-world.ts';

const connection = { secret: 'server', sslMode: 'require' };
const cron = '0 6 1 1 ? *';

export const RESTORE_SOURCES: Readonly<Record<string, SourceConfig>> = {
  stock: {
    connection,
    databases: ['stock'],
    restoreTest: { cron, rto: '4h', checks: [{ name: 'all parts', sql: 'SELECT count(*) FROM part', expect: 100 }] },
  },
  lossy: { connection, databases: ['lossy'], restoreTest: { cron } },
  'never-dumped': { connection, databases: ['stock'] },
};

/** The server of the sources; the database is what a restore names. */
export const RESTORE_TARGETS: Readonly<Record<string, SourceConfig>> = {
  beside: { secret: 'server', sslMode: 'require' },
};

async function backUp(world: FaultWorld, source: string): Promise<RunRow> {
  const run = await startRun(world, { source });
  expect(await endOf(world, run)).toMatchObject({ status: 'SUCCEEDED' });
  return rowOf(world, run);
}

async function expectFailure(world: FaultWorld, run: MachineRun, code: ErrorCode, cause: RegExp): Promise<void> {
  expect(await endOf(world, run)).toMatchObject({ status: 'FAILED', error: code, cause: expect.stringMatching(cause) });
  expect(await world.mailbox.endOf(run.run)).toMatchObject({
    subject: expect.stringMatching(`^\\[holdfast\\] FAILED ${run.source}: restore( test)?, ${code}$`) as unknown,
    outcome: 'failed',
    event: { failure: { code } },
  });
}

async function fillStock(world: FaultWorld, database: string): Promise<void> {
  await query(world.server, 'postgres', `CREATE DATABASE ${database}`);
  await query(
    world.server,
    database,
    'CREATE TABLE part AS SELECT n, md5(n::text) AS name FROM generate_series(1, 100) n',
  );
  await query(
    world.server,
    database,
    'CREATE TABLE shelf (id serial PRIMARY KEY, part int); INSERT INTO shelf (part) VALUES (1), (2)',
  );
}

export function testRestores(world: () => FaultWorld): void {
  test.concurrent('a point comes back into a new database, and is proven by a test', async () => {
    await fillStock(world(), 'stock');
    const point = await backUp(world(), 'stock');
    const to = { target: 'beside', database: 'stock_restored' };

    const planned = await startMachine(world(), 'restore', { source: 'stock', to, dryRun: true }, 'stock');
    expect(await endOf(world(), planned)).toMatchObject({
      status: 'SUCCEEDED',
      output: {
        point: { run: point.run, verdict: 'verified' },
        database: 'stock',
        toDatabase: 'stock_restored',
        thaw: { objects: 0, summary: 'nothing has to be thawed' },
      },
    });
    expect(await rowsStarting(world(), 'stock', 'RESTORE#')).toEqual([]);

    const restore = await startMachine(world(), 'restore', { source: 'stock', to, trigger: 'ci' }, 'stock');
    expect(await endOf(world(), restore)).toMatchObject({
      status: 'SUCCEEDED',
      output: { database: 'stock_restored', tables: 2, rows: 102 },
    });
    const rows = await query(world().server, 'stock_restored', 'SELECT n, name FROM part ORDER BY n');
    expect(rows).toEqual(await query(world().server, 'stock', 'SELECT n, name FROM part ORDER BY n'));
    expect(await world().mailbox.endOf(restore.run)).toMatchObject({
      subject: expect.stringMatching(/^\[holdfast\] SUCCEEDED stock: restored stock into stock_restored, /) as unknown,
      event: { kind: 'restore', point: point.run, databases: [{ rows: 102, failure: null }] },
    });
    expect(await rowsStarting(world(), 'stock', 'RESTORE#')).toMatchObject([{ status: 'succeeded', trigger: 'ci' }]);

    const again = await startMachine(world(), 'restore', { source: 'stock', to }, 'stock');
    await expectFailure(world(), again, 'TargetNotEmpty', /stock_restored/);
    expect((await world().mailbox.endOf(again.run)).text).toContain('It is as it was found: nothing was written.');

    const proof = await startMachine(world(), 'restoreTest', { source: 'stock' }, 'stock');
    expect(await endOf(world(), proof)).toMatchObject({
      status: 'SUCCEEDED',
      output: { rtoExceeded: false, checks: 1 },
    });
    await expectTested(world(), point, proof, 'passed');
    const mail = await world().mailbox.endOf(proof.run);
    expect(mail.subject).toMatch(/SUCCEEDED stock: restore test passed, recovery took \d+ s$/);
    expect(await findRow(world(), point)).not.toHaveProperty('restores');
  });

  test.concurrent('a point whose archive lacks a row fails its test, which names the table', async () => {
    await fillStock(world(), 'lossy');
    const point = await backUp(world(), 'lossy');
    await query(world().server, 'lossy', 'DELETE FROM shelf WHERE part = 2');
    const later = await backUp(world(), 'lossy');
    await replaceArchive(world(), point, archiveOf(later));
    const proof = await startMachine(world(), 'restoreTest', { source: 'lossy', recoveryPoint: point.run }, 'lossy');
    await expectFailure(world(), proof, 'RestoreMismatch', /shelf/);
    await expectTested(world(), point, proof, 'failed');
  });

  test.concurrent('what cannot be restored is refused before anything is started', async () => {
    const refused = async (machine: 'restore' | 'restoreTest', input: object, code: ErrorCode, cause: RegExp) => {
      const run = await startMachine(world(), machine, { source: 'never-dumped', ...input }, 'never-dumped');
      await expectFailure(world(), run, code, cause);
    };
    await Promise.all([
      refused('restore', { to: { target: 'beside' } }, 'RecoveryPointNotFound', /no verified recovery point/),
      refused('restore', { to: { target: 'besides' } }, 'InvalidInput', /"besides" \(configured: beside\)/),
      refused('restore', { to: { target: 'beside' }, table: [] }, 'InvalidInput', /unknown key table \(allowed: /),
      refused('restoreTest', {}, 'RecoveryPointNotFound', /no verified recovery point/),
      refused('restoreTest', { window: '7d' }, 'RecoveryPointNotFound', /no verified recovery point/),
    ]);
  });
}

export function testStoppedRestore(world: () => FaultWorld): void {
  test('a restore whose execution is stopped ends its worker, and is announced', async () => {
    const [point] = await rowsStarting(world(), 'stock', 'RUN#');
    const input = { source: 'stock', to: { target: 'beside', database: 'stopped' } };
    const run = await startMachine(world(), 'restore', input, 'stock');
    await eventually('the worker runs', async () => (await processesOf('stock')).length > 0 || undefined);
    await stopRun(world(), run);
    expect(await world().mailbox.endOf(run.run)).toMatchObject({ outcome: 'aborted' });
    await eventually('the worker has ended', async () => (await processesOf('stock')).length === 0 || undefined);
    const key = { pk: String(point?.['pk']), sk: String(point?.['sk']) };
    expect(await findRow(world(), key)).not.toHaveProperty('restores');
  });
}

async function expectTested(world: FaultWorld, point: RunRow, proof: MachineRun, outcome: string): Promise<void> {
  const entry = { run: proof.run, outcome, by: proof.executionArn };
  expect(await findRow(world, { pk: point.pk, sk: point.sk })).toMatchObject({ restoreTests: [entry] });
  const { clients, info } = world.stack;
  const Key = restoreTestResultKey(point, proof.run);
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: info.bucket, Key }));
  expect(RestoreTestEntry.parse(JSON.parse((await Body?.transformToString()) ?? ''))).toMatchObject(entry);
  expect(await findRow(world, testedKey(point.source))).toMatchObject({ run: proof.run, point: point.run, outcome });
}

function archiveOf({ dumps = [] }: RunRow): StoredObject {
  const archive = dumps[0]?.objects.find(({ role }) => role === 'archive');
  if (!archive) throw new Error('the run has no archive');
  return archive;
}

/** As if the archive had been written with less in it, and everything else as it was. */
async function replaceArchive(
  { stack }: FaultWorld,
  { pk, sk, dumps = [] }: RunRow,
  archive: StoredObject,
): Promise<void> {
  const replaced = dumps.map((dump) => ({
    ...dump,
    objects: dump.objects.map((object) => (object.role === 'archive' ? archive : object)),
  }));
  await stack.clients.dynamo.send(
    new UpdateCommand({
      TableName: stack.info.table,
      Key: { pk, sk },
      UpdateExpression: 'SET dumps = :dumps',
      ExpressionAttributeValues: { ':dumps': replaced },
    }),
  );
}
