import { expect } from '@jest/globals';
import {
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  DescribeAccountAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { describeMend } from './mend-suite.ts';
import type { TestEmulator } from './test-emulator.ts';

async function createInstance(emulator: TestEmulator, identifier: string, port = 5432): Promise<RDSClient> {
  const rds = new RDSClient(emulator.settings);
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: identifier,
      DBInstanceClass: 'db.t3.micro',
      Engine: 'postgres',
      EngineVersion: '17.5',
      AllocatedStorage: 20,
      Port: port,
      MasterUsername: 'postgres',
      MasterUserPassword: 'not used',
    }),
  );
  return rds;
}

async function ask(emulator: TestEmulator, wanted: object): Promise<void> {
  const response = await fetch(`${emulator.endpoint}/_holdfast/rds`, { method: 'POST', body: JSON.stringify(wanted) });
  expect({ status: response.status, body: await response.text() }).toMatchObject({ status: 200 });
}

async function snapshotStatus(rds: RDSClient, DBSnapshotIdentifier: string): Promise<string | undefined> {
  const { DBSnapshots = [] } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }));
  return DBSnapshots[0]?.Status;
}

describeMend('rds_faults', {
  'a snapshot stays in creation until it may go on': async (emulator) => {
    const rds = await createInstance(emulator, 'slow');
    await ask(emulator, { identifier: 'slow', snapshots: 'creating' });
    const names = { DBInstanceIdentifier: 'slow', DBSnapshotIdentifier: 'slow-1' };
    const { DBSnapshot } = await rds.send(new CreateDBSnapshotCommand(names));
    expect([DBSnapshot?.Status, await snapshotStatus(rds, 'slow-1')]).toEqual(['creating', 'creating']);
    await ask(emulator, { identifier: 'slow' });
    expect(await snapshotStatus(rds, 'slow-1')).toBe('available');
  },

  'a snapshot fails, and other instances are as ever': async (emulator) => {
    const rds = await createInstance(emulator, 'broken');
    await createInstance(emulator, 'healthy');
    await ask(emulator, { identifier: 'broken', snapshots: 'failed' });
    for (const name of ['broken', 'healthy']) {
      await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: `${name}-1` }));
    }
    expect(await snapshotStatus(rds, 'broken-1')).toBe('failed');
    expect(await snapshotStatus(rds, 'healthy-1')).toBe('available');
  },

  'an instance in its own backup window takes no snapshot': async (emulator) => {
    const rds = await createInstance(emulator, 'busy');
    const order = new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'busy', DBSnapshotIdentifier: 'busy-1' });
    await ask(emulator, { identifier: 'busy', status: 'backing-up' });
    await expect(rds.send(order)).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' });
    await ask(emulator, { identifier: 'busy' });
    await expect(rds.send(order)).resolves.toBeDefined();
  },

  'the quota of manual snapshots is told and kept': async (emulator) => {
    const rds = await createInstance(emulator, 'many');
    const { AccountQuotas = [] } = await rds.send(new DescribeAccountAttributesCommand());
    const used = AccountQuotas.find(({ AccountQuotaName }) => AccountQuotaName === 'ManualSnapshots')?.Used ?? 0;
    await ask(emulator, { snapshotQuota: used + 1 });
    const order = (name: string): CreateDBSnapshotCommand =>
      new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'many', DBSnapshotIdentifier: name });
    await rds.send(order('many-1'));
    await expect(rds.send(order('many-2'))).rejects.toMatchObject({ name: 'SnapshotQuotaExceededFault' });
    await ask(emulator, { snapshotQuota: null });
    await expect(rds.send(order('many-2'))).resolves.toBeDefined();
  },

  'clusters as instances': async (emulator) => {
    const rds = new RDSClient(emulator.settings);
    await rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: 'aurora',
        Engine: 'aurora-postgresql',
        EngineVersion: '16.9',
        MasterUsername: 'postgres',
        MasterUserPassword: 'not used',
      }),
    );
    const order = (name: string): CreateDBClusterSnapshotCommand =>
      new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: 'aurora', DBClusterSnapshotIdentifier: name });
    await ask(emulator, { identifier: 'aurora', status: 'backing-up' });
    await expect(rds.send(order('aurora-1'))).rejects.toMatchObject({ name: 'InvalidDBClusterStateFault' });
    await ask(emulator, { identifier: 'aurora', snapshots: 'failed' });
    await rds.send(order('aurora-2'));
    const { DBClusterSnapshots } = await rds.send(new DescribeDBClusterSnapshotsCommand());
    expect(DBClusterSnapshots).toMatchObject([{ Status: 'failed' }]);
  },
});

describeMend('rds_without_containers', {
  'an instance is at the port that it was registered with, and no database is started for it': async (emulator) => {
    const rds = await createInstance(emulator, 'entry', 6543);
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand());
    expect(DBInstances).toMatchObject([
      { DBInstanceStatus: 'available', Endpoint: { Address: '127.0.0.1', Port: 6543 }, EngineVersion: '17.5' },
    ]);
  },
});
