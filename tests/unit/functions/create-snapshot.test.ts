import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Context } from 'aws-lambda';
import { handler } from '../../../functions/create-snapshot.ts';
import { startFakeRds, type FakeRds } from '../aws/fake-rds.ts';

let rds: FakeRds;
beforeAll(async () => {
  rds = await startFakeRds();
  process.env['HOLDFAST_STAGE'] = 'test';
});
afterAll(() => rds.stop());

const EVENT = {
  source: 'orders',
  run: 'run-1',
  startedAt: '2025-11-21T02:30:11.000Z',
  executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:m:run-1',
  pk: 'SOURCE#orders',
  sk: 'RUN#2025-11-21T02:30:11.000Z#run-1',
  rds: { kind: 'cluster', identifier: 'ledger-prod' },
};

const existing = (cluster: string, run: string): string =>
  `<DBClusterSnapshots><DBClusterSnapshot>
    <DBClusterSnapshotIdentifier>hf-orders-20251121-023011</DBClusterSnapshotIdentifier>
    <DBClusterSnapshotArn>arn:c</DBClusterSnapshotArn><DBClusterIdentifier>${cluster}</DBClusterIdentifier>
    <Status>available</Status><AllocatedStorage>7</AllocatedStorage>
    <TagList><Tag><Key>holdfast:run</Key><Value>${run}</Value></Tag></TagList>
  </DBClusterSnapshot></DBClusterSnapshots>`;

describe('a snapshot of the same name', () => {
  beforeEach(() => {
    rds.asked.length = 0;
  });

  it("is the run's own when it carries the run, however often the state runs", async () => {
    rds.answers = { DescribeDBClusterSnapshots: existing('ledger-prod', 'run-1') };
    expect(await handler(EVENT, {} as Context)).toMatchObject({
      status: 'available',
      identifier: 'hf-orders-20251121-023011',
    });
  });

  it('is found again when the name of the run is none for a tag', async () => {
    rds.answers = { DescribeDBClusterSnapshots: existing('ledger-prod', 'before-:28the:29-release:21') };
    const run = 'before-(the)-release!';
    expect(await handler({ ...EVENT, run }, {} as Context)).toMatchObject({ status: 'available' });
  });

  it.each([
    ['ledger-dev', 'run-1'],
    ['ledger-prod', 'run-of-another-stage'],
  ])('is refused when it is of %s by %s', async (cluster, run) => {
    rds.answers = { DescribeDBClusterSnapshots: existing(cluster, run) };
    await expect(handler(EVENT, {} as Context)).rejects.toMatchObject({ name: 'SnapshotFailed' });
  });
});

it('a new snapshot carries its run, in characters that a tag may have', async () => {
  const notFound = { code: 'DBClusterSnapshotNotFoundFault', message: 'none' };
  const quota =
    '<AccountQuotas><AccountQuota><AccountQuotaName>ManualClusterSnapshots</AccountQuotaName></AccountQuota></AccountQuotas>';
  rds.answers = {
    DescribeDBClusterSnapshots: notFound,
    DescribeAccountAttributes: quota,
    CreateDBClusterSnapshot: { code: 'InvalidDBClusterStateFault', message: 'busy' },
  };
  rds.asked.length = 0;
  const startedAt = new Date().toISOString();
  await handler({ ...EVENT, run: "it's-(a)-run!", startedAt }, {} as Context);
  const asked = rds.asked.find((form) => form.get('Action') === 'CreateDBClusterSnapshot');
  expect([asked?.get('Tags.Tag.2.Key'), asked?.get('Tags.Tag.2.Value')]).toEqual([
    'holdfast:run',
    'it:27s-:28a:29-run:21',
  ]);
});
