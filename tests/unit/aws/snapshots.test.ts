import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkSnapshotQuota } from '../../../aws/snapshot-quota.ts';
import { findSnapshot, orderSnapshot, snapshotTarget } from '../../../aws/snapshots.ts';
import type { RdsTarget } from '../../../core/steps.ts';
import { startFakeRds, type Answer, type FakeRds } from './fake-rds.ts';

let rds: FakeRds;
beforeAll(async () => {
  rds = await startFakeRds();
});
afterAll(() => rds.stop());
beforeEach(() => {
  rds.answers = {};
  rds.asked.length = 0;
});

const INSTANCE: RdsTarget = { kind: 'instance', identifier: 'orders-prod' };
const CLUSTER: RdsTarget = { kind: 'cluster', identifier: 'ledger-prod' };
const NAME = 'hf-orders-20251121-023011';
const TAGS = [{ Key: 'holdfast:source', Value: 'orders' }];

const TAG_LIST = '<TagList><Tag><Key>holdfast:run</Key><Value>run-1</Value></Tag></TagList>';
const tags = { 'holdfast:run': 'run-1' };

const instanceXml = (more = ''): string =>
  `<DBInstances><DBInstance><DBInstanceIdentifier>orders-prod</DBInstanceIdentifier>${more}</DBInstance></DBInstances>`;
const snapshotXml = (status: string): string =>
  `<DBSnapshot><DBSnapshotIdentifier>${NAME}</DBSnapshotIdentifier><DBSnapshotArn>arn:s</DBSnapshotArn>` +
  `<DBInstanceIdentifier>orders-prod</DBInstanceIdentifier>${TAG_LIST}` +
  `<Status>${status}</Status><AllocatedStorage>20</AllocatedStorage></DBSnapshot>`;
const clusterSnapshotXml = (status: string): string =>
  `<DBClusterSnapshot><DBClusterSnapshotIdentifier>${NAME}</DBClusterSnapshotIdentifier>` +
  `<DBClusterIdentifier>ledger-prod</DBClusterIdentifier>${TAG_LIST}` +
  `<DBClusterSnapshotArn>arn:c</DBClusterSnapshotArn><Status>${status}</Status><AllocatedStorage>7</AllocatedStorage>` +
  '<KmsKeyId>arn:key</KmsKeyId></DBClusterSnapshot>';

const SNAPSHOT = {
  identifier: NAME,
  arn: 'arn:s',
  status: 'creating',
  sizeGiB: 20,
  kmsKey: null,
  of: 'orders-prod',
  tags,
};
const CLUSTER_SNAPSHOT = {
  identifier: NAME,
  arn: 'arn:c',
  status: 'creating',
  sizeGiB: 7,
  kmsKey: 'arn:key',
  of: 'ledger-prod',
  tags,
};

const refused = (code: string): Answer => ({ code, message: `RDS says ${code}` });

describe('what a snapshot is made of', () => {
  it('is the instance that the source names', async () => {
    rds.answers = { DescribeDBInstances: instanceXml() };
    expect(await snapshotTarget(INSTANCE)).toEqual(INSTANCE);
  });

  it('is the cluster of an instance that belongs to one', async () => {
    rds.answers = { DescribeDBInstances: instanceXml('<DBClusterIdentifier>aurora-1</DBClusterIdentifier>') };
    expect(await snapshotTarget(INSTANCE)).toEqual({ kind: 'cluster', identifier: 'aurora-1' });
  });

  it('is a named cluster without a question', async () => {
    expect(await snapshotTarget(CLUSTER)).toEqual(CLUSTER);
    expect(rds.asked).toEqual([]);
  });

  it('must be there', async () => {
    rds.answers = { DescribeDBInstances: refused('DBInstanceNotFound') };
    await expect(snapshotTarget(INSTANCE)).rejects.toMatchObject({
      name: 'SnapshotFailed',
      message: 'instance orders-prod: RDS says DBInstanceNotFound (DBInstanceNotFoundFault)',
    });
  });
});

describe('ordering a snapshot', () => {
  it('of an instance names it and tags it', async () => {
    rds.answers = { CreateDBSnapshot: snapshotXml('creating') };
    expect(await orderSnapshot(INSTANCE, NAME, TAGS)).toEqual(SNAPSHOT);
    expect(Object.fromEntries(rds.asked[0] ?? [])).toMatchObject({
      DBInstanceIdentifier: 'orders-prod',
      DBSnapshotIdentifier: NAME,
      'Tags.Tag.1.Key': 'holdfast:source',
      'Tags.Tag.1.Value': 'orders',
    });
  });

  it('of a cluster is an order of its own kind', async () => {
    rds.answers = { CreateDBClusterSnapshot: clusterSnapshotXml('creating') };
    expect(await orderSnapshot(CLUSTER, NAME, TAGS)).toEqual(CLUSTER_SNAPSHOT);
  });

  it('again gives the one that there is', async () => {
    rds.answers = {
      CreateDBSnapshot: refused('DBSnapshotAlreadyExists'),
      DescribeDBSnapshots: `<DBSnapshots>${snapshotXml('creating')}</DBSnapshots>`,
    };
    expect(await orderSnapshot(INSTANCE, NAME, TAGS)).toEqual(SNAPSHOT);
  });

  it('of a cluster again gives the one that there is', async () => {
    rds.answers = {
      CreateDBClusterSnapshot: refused('DBClusterSnapshotAlreadyExistsFault'),
      DescribeDBClusterSnapshots: `<DBClusterSnapshots>${clusterSnapshotXml('creating')}</DBClusterSnapshots>`,
    };
    expect(await orderSnapshot(CLUSTER, NAME, TAGS)).toEqual(CLUSTER_SNAPSHOT);
  });

  it.each<[RdsTarget, string, string]>([
    [INSTANCE, 'CreateDBSnapshot', 'InvalidDBInstanceState'],
    [CLUSTER, 'CreateDBClusterSnapshot', 'InvalidDBClusterStateFault'],
  ])('of %j that is busy is no failure', async (target, action, code) => {
    rds.answers = { [action]: refused(code) };
    expect(await orderSnapshot(target, NAME, TAGS)).toBeUndefined();
  });

  it.each([
    ['SnapshotQuotaExceeded', 'SnapshotQuotaExceeded', 'instance orders-prod: RDS says SnapshotQuotaExceeded'],
    ['AccessDenied', 'AccessDenied', 'instance orders-prod: RDS says AccessDenied'],
    ['AccessDeniedException', 'AccessDenied', 'instance orders-prod: RDS says AccessDeniedException'],
    [
      'DBInstanceNotFound',
      'SnapshotFailed',
      'instance orders-prod: RDS says DBInstanceNotFound (DBInstanceNotFoundFault)',
    ],
  ])('that RDS refuses with %s is %s', async (code, name, message) => {
    rds.answers = { CreateDBSnapshot: refused(code) };
    await expect(orderSnapshot(INSTANCE, NAME, TAGS)).rejects.toMatchObject({
      name,
      message,
      cause: expect.any(Error),
    });
  });
});

describe('looking for a snapshot', () => {
  it.each<[RdsTarget['kind'], string, string]>([
    ['instance', 'DescribeDBSnapshots', 'DBSnapshotNotFound'],
    ['cluster', 'DescribeDBClusterSnapshots', 'DBClusterSnapshotNotFoundFault'],
  ])('of an %s that is not there finds nothing', async (kind, action, code) => {
    rds.answers = { [action]: refused(code) };
    expect(await findSnapshot(kind, NAME)).toBeUndefined();
  });

  it('that may not be done is not the same as nothing', async () => {
    rds.answers = { DescribeDBSnapshots: refused('AccessDenied') };
    await expect(findSnapshot('instance', NAME)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the quota of manual snapshots', () => {
  const quota = (name: string, used: number, max: number): string =>
    `<AccountQuotas><AccountQuota><AccountQuotaName>${name}</AccountQuotaName><Used>${used}</Used><Max>${max}</Max></AccountQuota></AccountQuotas>`;

  it.each<[RdsTarget['kind'], string]>([
    ['instance', 'ManualSnapshots'],
    ['cluster', 'ManualClusterSnapshots'],
  ])('of an %s that is reached is a refusal with the figures', async (kind, name) => {
    rds.answers = { DescribeAccountAttributes: quota(name, 100, 100) };
    await expect(checkSnapshotQuota(kind)).rejects.toMatchObject({
      name: 'SnapshotQuotaExceeded',
      message: `100 of 100 manual ${kind} snapshots of this account and region are used`,
    });
  });

  it.each([
    ['room', quota('ManualSnapshots', 99, 100)],
    ["the other kind's full", quota('ManualClusterSnapshots', 100, 100)],
    ['no quota told', '<AccountQuotas/>'],
  ])('with %s lets the order pass', async (_title, xml) => {
    rds.answers = { DescribeAccountAttributes: xml };
    await expect(checkSnapshotQuota('instance')).resolves.toBeUndefined();
  });
});
