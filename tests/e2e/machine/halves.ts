/** Runs of which only a part is good: the part is recorded, and the run has failed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { expectNothing, expectPartial, objectsOf } from '../support/machine-expect.ts';
import { setRds, snapshotTags, tagsOfSnapshot } from '../support/machine-rds.ts';
import { endOf, eventually, rowOf, startRun, storedManifest } from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import type { FaultWorld } from './fault-world.ts';

/** The instance has the source's name, and its login is in the secret of that name. */
const onRds = (source: string, more: SourceConfig = {}): SourceConfig => ({
  rds: { instance: source },
  connection: { secret: source, sslMode: 'require' },
  databases: ['shop'],
  ...more,
});

export const HALF_SOURCES: Readonly<Record<string, SourceConfig>> = Object.fromEntries([
  ...['snapshot-fails', 'dump-fails', 'busy-instance', 'full-quota'].map((source) => [source, onRds(source)]),
  ['slow-snapshot', onRds('slow-snapshot', { worker: { timeout: '1m' } })],
  ['no-instance', onRds('no-instance')],
  ['some-databases', { connection: { secret: 'limited', sslMode: 'require' }, databases: ['open', 'shop'] }],
]) as Record<string, SourceConfig>;

export function testHalves(world: () => FaultWorld): void {
  const servers = (): FaultWorld['server'][] => [world().server];

  const register = async (source: string): Promise<void> =>
    world().stack.registerDatabase(world().server, { secret: source, rds: { instance: source } });

  test.concurrent('a snapshot that stays in creation past the deadline: SnapshotTimeout', async () => {
    const source = 'slow-snapshot';
    await register(source);
    await setRds(world(), { identifier: source, snapshots: 'creating' });
    const run = await startRun(world(), { source, include: ['snapshot'] });
    const cause = /^snapshot hf-slow-snapshot-\d{8}-\d{6} is still creating at the run's deadline 20/;
    await expectNothing(world(), run, { code: 'SnapshotTimeout', cause, servers: servers() });
  });

  test.concurrent('an instance in its own backup window is waited for', async () => {
    const source = 'busy-instance';
    await register(source);
    await setRds(world(), { identifier: source, status: 'backing-up' });
    const run = await startRun(world(), { source, include: ['snapshot'] });
    await eventually('the run began', () => Promise.resolve(world().mailbox.about(run.run).length > 0));
    // The history tells nothing of what goes on inside a branch.
    await sleep(10_000);
    await setRds(world(), { identifier: source });
    expect(await endOf(world(), run)).toMatchObject({ status: 'SUCCEEDED', output: { verdict: 'snapshot-only' } });
    const { snapshot, startedAt, finishedAt } = await storedManifest(world(), run);
    expect(snapshot).toMatchObject({ kind: 'instance', status: 'available' });
    // The machine looks again after a minute; a shorter run has not met the busy instance.
    expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBeGreaterThanOrEqual(60_000);
    expect(await world().mailbox.endOf(run.run)).toMatchObject({
      subject: '[holdfast] SUCCEEDED busy-instance: snapshot only, no dump',
    });
  });

  test.concurrent('the snapshot fails, the dump is good: partial, SnapshotFailed', async () => {
    const source = 'snapshot-fails';
    await register(source);
    await setRds(world(), { identifier: source, snapshots: 'failed' });
    const run = await startRun(world(), { source });
    const manifest = await expectPartial(world(), run, {
      code: 'SnapshotFailed',
      cause: /^snapshot hf-snapshot-fails-\d{8}-\d{6} is failed$/,
      servers: servers(),
      objects: [...objectsOf(['shop']), 'manifest.json'].sort(),
    });
    expect(manifest).toMatchObject({
      snapshot: null,
      dumps: [{ database: 'shop' }],
      verification: { by: 'VerifyDump', objects: 3 },
    });
    const { text } = await world().mailbox.endOf(run.run);
    expect(text).toMatch(/What this run left\n {2}database shop: 2 tables, 1,000 rows, .* in 3 objects\n/);
    expect(text).toContain('NO RDS snapshot');
  });

  test.concurrent('the dump fails, the snapshot is good: partial, with the code of the dump', async () => {
    const source = 'dump-fails';
    await register(source);
    await world().stack.putSecret(source, { username: 'postgres', password: 'no longer' });
    const run = await startRun(world(), { source });
    const manifest = await expectPartial(world(), run, {
      code: 'AuthFailed',
      cause: /refused the login of postgres/,
      servers: servers(),
      objects: ['manifest.json'],
    });
    expect(manifest).toMatchObject({ dumps: [], verification: null, snapshot: { status: 'available' } });
    const { text } = await world().mailbox.endOf(run.run);
    expect(text).toContain(`RDS snapshot ${manifest.snapshot?.identifier ?? ''}: instance, 20 GiB, available`);
    expect(text).toContain('NO dump');
    expect(await tagsOfSnapshot(world(), manifest)).toEqual(snapshotTags(source, run.run));
  });

  test.concurrent('one of several databases fails: partial, and the others are kept', async () => {
    const { host, port } = world().server;
    await world().stack.putSecret('limited', { host, port, username: 'limited', password: 'limited' });
    const run = await startRun(world(), { source: 'some-databases' });
    const manifest = await expectPartial(world(), run, {
      code: 'TableUnreadable',
      cause: /^limited may not read public\./,
      servers: servers(),
      objects: [...objectsOf(['open']), 'manifest.json'].sort(),
    });
    expect(manifest).toMatchObject({ dumps: [{ database: 'open' }], verification: { objects: 3 } });
    expect(await rowOf(world(), run)).toMatchObject({ failedDatabases: [{ database: 'shop' }] });
    const { text } = await world().mailbox.endOf(run.run);
    expect(text).toContain('database shop: TableUnreadable: ');
    expect(text).toContain('NO dump of database shop');
  });

  test.concurrent('an instance that RDS does not know: nothing is good', async () => {
    await world().stack.putSecret('no-instance', { username: 'postgres', password: 'any' });
    const run = await startRun(world(), { source: 'no-instance' });
    const cause = /^RDS has no instance no-instance in this account and region$/;
    await expectNothing(world(), run, { code: 'SourceUnreachable', cause, servers: servers() });
  });
}

/** Apart from the others: the quota is the account's. */
export function testQuota(world: () => FaultWorld): void {
  test('the quota of snapshots is reached: SnapshotQuotaExceeded', async () => {
    const source = 'full-quota';
    await world().stack.registerDatabase(world().server, { secret: source, rds: { instance: source } });
    await setRds(world(), { snapshotQuota: 1 });
    const run = await startRun(world(), { source, include: ['snapshot'] });
    await expectNothing(world(), run, {
      code: 'SnapshotQuotaExceeded',
      cause: /^\d+ of 1 manual instance snapshots of this account and region are used$/,
      servers: [world().server],
    });
    await setRds(world(), { snapshotQuota: null });
  });
}
