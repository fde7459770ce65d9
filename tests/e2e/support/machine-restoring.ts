/** What tests of restores and of restore tests through the deployed machines share. */
import { expect } from '@jest/globals';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { ErrorCode } from '../../../core/errors.ts';
import { restoreTestResultKey, testedKey } from '../../../core/keys.ts';
import { RestoreTestEntry } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { endOf, findRow, rowOf, startRun, type MachineRun } from './machine-run.ts';
import type { MachineWorld } from './machine-world.ts';
import type { ServerLogin } from './stack.ts';
import { query } from './worker-leftovers.ts';

/** @returns the row of a run that succeeded */
export async function backUp(world: MachineWorld, source: string): Promise<RunRow> {
  const run = await startRun(world, { source });
  expect(await endOf(world, run)).toMatchObject({ status: 'SUCCEEDED' });
  return rowOf(world, run);
}

/** The execution and its mail name the same failure. */
export async function expectNotRestored(
  world: MachineWorld,
  run: MachineRun,
  code: ErrorCode,
  cause: RegExp,
): Promise<void> {
  expect(await endOf(world, run)).toMatchObject({ status: 'FAILED', error: code, cause: expect.stringMatching(cause) });
  expect(await world.mailbox.endOf(run.run)).toMatchObject({
    subject: expect.stringMatching(`^\\[holdfast\\] FAILED ${run.source}: restore( test)?, ${code}$`) as unknown,
    outcome: 'failed',
    event: { failure: { code } },
  });
}

/** The point, the object beside its manifest and the row of its source tell of the test. */
export async function expectTested(
  world: MachineWorld,
  point: RunRow,
  proof: MachineRun,
  outcome: string,
): Promise<void> {
  const entry = { run: proof.run, outcome, by: proof.executionArn };
  expect(await findRow(world, { pk: point.pk, sk: point.sk })).toMatchObject({ restoreTests: [entry] });
  const { clients, info } = world.stack;
  const Key = restoreTestResultKey(point, proof.run);
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: info.bucket, Key }));
  expect(RestoreTestEntry.parse(JSON.parse((await Body?.transformToString()) ?? ''))).toMatchObject(entry);
  expect(await findRow(world, testedKey(point.source))).toMatchObject({ run: proof.run, point: point.run, outcome });
}

/** Makes a database with two tables of 102 rows. */
export async function fillStock(server: ServerLogin, database: string): Promise<void> {
  await query(server, 'postgres', `CREATE DATABASE ${database}`);
  await query(server, database, 'CREATE TABLE part AS SELECT n, md5(n::text) AS name FROM generate_series(1, 100) n');
  await query(
    server,
    database,
    'CREATE TABLE shelf (id serial PRIMARY KEY, part int); INSERT INTO shelf (part) VALUES (1), (2)',
  );
}
