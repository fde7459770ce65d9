/** Runs that succeed, and all that they have to leave. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { DeleteScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateDBInstanceCommand } from '@aws-sdk/client-rds';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { latestKey, slotKey, snapshotIdentifier } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { CREDENTIALS } from '../../../local/emulator.ts';
import { expectLeft, expectSucceeded, objectsOf } from '../support/machine-expect.ts';
import { snapshotTags, tagsOfSnapshot } from '../support/machine-rds.ts';
import { endOf, eventually, findRow, rowOf, rowsOfSource, startRun } from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import type { FaultWorld } from './fault-world.ts';

const onRds = (target: SourceConfig, secret: string): SourceConfig => ({
  rds: target,
  connection: { secret, sslMode: 'require' },
  databases: ['shop'],
});

export const GOOD_SOURCES: Readonly<Record<string, SourceConfig>> = {
  instance: { ...onRds({ instance: 'orders-prod' }, 'instance'), databases: ['shop', 'open'] },
  cluster: onRds({ cluster: 'aurora-prod' }, 'cluster'),
  'instance-of-cluster': onRds({ instance: 'aurora-prod-reader' }, 'instance-of-cluster'),
  clock: {
    connection: { secret: 'server', sslMode: 'require' },
    databases: ['shop'],
    schedule: { cron: '* * * * ? *', timezone: 'Europe/Paris' },
  },
};

const SCHEMA = path.join(import.meta.dirname, '../../../docs/manifest.schema.json');

function expectValid(manifest: Manifest): void {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  ajv.addFormat('base64', /^[A-Za-z0-9+/]*={0,2}$/);
  const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);
  expect(validate(manifest) ? [] : validate.errors).toEqual([]);
}

export function testGood(world: () => FaultWorld): void {
  test.concurrent('its schedule starts a run for the slot; the same slot again is a duplicate', async () => {
    const { stack, server } = world();
    const row = await eventually(
      'the scheduled run ended',
      async () => (await rowsOfSource(world(), 'clock')).find(({ status }) => status !== 'running'),
      120_000,
    );
    const { endpoint, region } = stack.info;
    const scheduler = new SchedulerClient({ endpoint, region, credentials: { ...CREDENTIALS } });
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: 'holdfast-local-clock' }));
    for (const { Name } of Schedules) await scheduler.send(new DeleteScheduleCommand({ Name }));
    scheduler.destroy();
    expect(row).toMatchObject({ status: 'succeeded', verdict: 'verified', trigger: 'schedule' });
    // The minute that was due, not the moment of the start.
    const due = `${row.startedAt.slice(0, 16)}:00Z`;
    expect(await findRow(world(), slotKey('clock', due))).toMatchObject({ owner: row.executionArn });
    const again = await startRun(world(), { source: 'clock', trigger: 'schedule', scheduledTime: due });
    expect(await endOf(world(), again)).toMatchObject({ output: { duplicateOf: row.executionArn } });
    await eventually('the last scheduled run ended', async () =>
      (await rowsOfSource(world(), 'clock')).every(({ status }) => status !== 'running'),
    );
    const objects = (await rowsOfSource(world(), 'clock')).flatMap(() => [...objectsOf(['shop']), 'manifest.json']);
    await expectLeft(world(), 'clock', { servers: [server], objects: objects.sort() });
  });

  test.concurrent('several databases of an instance, with everything that a manifest holds', async () => {
    const { stack, server } = world();
    await stack.registerDatabase(server, { secret: 'instance', rds: { instance: 'orders-prod' } });
    const input = { source: 'instance', label: 'before 4.2', trigger: 'ci', Comment: 'added by the console' };
    const run = await startRun(world(), input);
    const manifest = await expectSucceeded(world(), run, { servers: [server], databases: ['shop', 'open'] });
    expectValid(manifest);
    const row = await rowOf(world(), run);
    const { pk, sk, executionArn, status, plan, notifiedAt, ...recorded } = row;
    // The row holds no commands: they are long, and derive from the rest.
    expect(recorded).toEqual({ ...manifest, dumps: manifest.dumps.map(({ restore, ...dump }) => dump) });
    expect(manifest).toMatchObject({
      format: 'holdfast/1',
      source: 'instance',
      run: run.run,
      label: 'before 4.2',
      trigger: 'ci',
      server: { version: expect.stringMatching(/^17\./) as unknown },
      snapshot: { kind: 'instance', identifier: snapshotIdentifier(manifest), status: 'available', sizeGiB: 20 },
      dumps: [
        { database: 'shop', totals: { tables: 2, rows: 1000, sequences: 1, largeObjects: 0 } },
        { database: 'open', totals: { tables: 1, rows: 3 } },
      ],
      verification: { by: 'VerifyDump', objects: 6 },
    });
    expect(await tagsOfSnapshot(world(), manifest)).toEqual(snapshotTags('instance', run.run));
    expect(await findRow(world(), latestKey('instance'))).toMatchObject({ run: run.run, runSk: row.sk });
    expect((await world().mailbox.endOf(run.run)).text).toContain('before 4.2');
  });

  test.concurrent('an Aurora cluster, and an instance of it: snapshots of the cluster', async () => {
    const { stack, server } = world();
    await stack.registerDatabase(server, { secret: 'cluster', rds: { cluster: 'aurora-prod' } });
    await stack.putSecret('instance-of-cluster', { username: server.user, password: server.password });
    await stack.clients.rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: 'aurora-prod-reader',
        DBClusterIdentifier: 'aurora-prod',
        DBInstanceClass: 'db.r6g.large',
        Engine: 'aurora-postgresql',
      }),
    );
    for (const source of ['cluster', 'instance-of-cluster']) {
      const run = await startRun(world(), { source });
      const manifest = await expectSucceeded(world(), run, { servers: [server] });
      expectValid(manifest);
      expect(manifest.snapshot).toMatchObject({ kind: 'cluster', identifier: snapshotIdentifier(manifest) });
      expect(await tagsOfSnapshot(world(), manifest)).toEqual(snapshotTags(source, run.run));
    }
  });
}
