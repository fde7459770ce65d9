/** Restore tests through the deployed machine: what they find, how long that took, and how often they are made. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { testedKey, testSlotKey } from '../../../core/keys.ts';
import type { StoredObject } from '../../../core/manifest.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { metricsOf } from '../support/function-metrics.ts';
import { backUp, expectNotRestored, expectTested, fillStock } from '../support/machine-restoring.ts';
import { processesOf } from '../support/machine-leftovers.ts';
import {
  endOf,
  eventually,
  findRow,
  rowsStarting,
  startMachine,
  stopRun,
  type MachineRun,
} from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import { query } from '../support/worker-leftovers.ts';
import type { Treatment } from '../support/worker-s3-proxy.ts';
import type { FaultWorld } from './fault-world.ts';

const connection = { secret: 'server', sslMode: 'require' };
const cron = '0 6 1 1 ? *';

/** The shortest target that holdfast.yml can name. */
const RTO_MS = 1000;

export const RESTORE_TEST_SOURCES: Readonly<Record<string, SourceConfig>> = {
  lossy: { connection, databases: ['lossy'], restoreTest: { cron } },
  hurried: { connection, databases: ['shop'], restoreTest: { cron, rto: '1s' } },
  'stopped-test': { connection, databases: ['shop'], restoreTest: { cron } },
  'slot-tested': { connection, databases: ['shop'], restoreTest: { cron } },
};

export function testRestoreTests(world: () => FaultWorld): void {
  test.concurrent('a point whose archive lacks a row fails its test, which names the table', async () => {
    await fillStock(world().server, 'lossy');
    const point = await backUp(world(), 'lossy');
    await query(world().server, 'lossy', 'DELETE FROM shelf WHERE part = 2');
    const later = await backUp(world(), 'lossy');
    await replaceArchive(world(), point, archiveOf(later));
    const proof = await startMachine(world(), 'restoreTest', { source: 'lossy', recoveryPoint: point.run }, 'lossy');
    await expectNotRestored(world(), proof, 'RestoreMismatch', /shelf/);
    await expectTested(world(), point, proof, 'failed');
  });

  test.concurrent(
    'a recovery that takes longer than its target passes, and is told, recorded and measured',
    async () => {
      const point = await backUp(world(), 'hurried');
      world().weather('hurried', async (request): Promise<Treatment> => {
        if (request === 'get') await sleep(RTO_MS + 100);
        return 'forward';
      });
      const proof = await startMachine(world(), 'restoreTest', { source: 'hurried' }, 'hurried');
      expect(await endOf(world(), proof)).toMatchObject({ status: 'SUCCEEDED', output: { rtoExceeded: true } });
      await expectTested(world(), point, proof, 'passed');
      const mail = await world().mailbox.endOf(proof.run);
      expect(mail.subject).toMatch(
        /SUCCEEDED hurried: restore test passed, recovery took \d+ s, SLOWER than its target$/,
      );
      expect(mail.text).toMatch(/^ {2}Recovery +\d+ s from .*, target 1 s: EXCEEDED$/m);
      expect(mail.event).toMatchObject({ rtoSeconds: 1, rtoExceeded: true });
      // What RecoveryTimeAlarm looks at: tests/infra compares the two.
      expect(await metricsOf(world().stack, 'CollectRestoreTest', 'hurried')).toMatchObject([
        { Stage: 'local', RestoreTestPassed: 1, RecoveryTimeExceeded: 1, RecoverySeconds: expect.any(Number) },
      ]);
    },
  );

  test.concurrent('a test whose execution is stopped proves nothing, frees its point, and is announced', async () => {
    const point = await backUp(world(), 'stopped-test');
    const run = await startMachine(world(), 'restoreTest', { source: 'stopped-test' }, 'stopped-test');
    await eventually('the worker runs', async () => (await processesOf('stopped-test')).length > 0);
    await stopRun(world(), run);
    expect(await world().mailbox.endOf(run.run)).toMatchObject({
      subject: '[holdfast] ABORTED stopped-test: restore test, Cancelled',
      outcome: 'aborted',
    });
    await eventually('the worker has ended', async () => (await processesOf('stopped-test')).length === 0);
    const left = await findRow(world(), point);
    expect(left).toMatchObject({ restoreTests: [] });
    expect(left).not.toHaveProperty('restores');
    expect(await findRow(world(), testedKey('stopped-test'))).toBeUndefined();
  });

  test.concurrent('a scheduled test that is delivered again is not made again, unless it failed', async () => {
    const slot = { source: 'slot-tested', trigger: 'schedule', scheduledTime: '2026-03-01T06:00:00Z' };
    const deliver = async (): Promise<MachineRun> => startMachine(world(), 'restoreTest', slot, slot.source);
    const expectDuplicate = async (run: MachineRun, of: MachineRun): Promise<void> => {
      expect(await endOf(world(), run)).toMatchObject({
        status: 'SUCCEEDED',
        output: { duplicateOf: of.executionArn },
      });
      expect(world().mailbox.about(run.run)).toEqual([]);
    };
    await expectNotRestored(world(), await deliver(), 'RecoveryPointNotFound', /no verified recovery point/);
    await backUp(world(), slot.source);
    const first = await deliver();
    await eventually('the slot is claimed', async () => {
      const claim = await findRow(world(), testSlotKey(slot.source, slot.scheduledTime));
      return claim?.['owner'] === first.executionArn;
    });
    await expectDuplicate(await deliver(), first);
    expect(await endOf(world(), first)).toMatchObject({ status: 'SUCCEEDED' });
    await expectDuplicate(await deliver(), first);
    const tests = await rowsStarting(world(), slot.source, 'TEST#');
    expect(tests.map(({ status, trigger }) => [status, trigger])).toEqual([
      ['failed', 'schedule'],
      ['succeeded', 'schedule'],
    ]);
  });
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
