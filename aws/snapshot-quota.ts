/** The account's quota of manual snapshots, looked at before one is ordered. */
import { DescribeAccountAttributesCommand } from '@aws-sdk/client-rds';
import { HoldfastError } from '../core/errors.ts';
import type { RdsTarget } from '../core/steps.ts';
import { rds } from './clients.ts';

/** Names of the quotas in DescribeAccountAttributes (RDS API reference, AccountQuota). */
const QUOTA_NAMES = { instance: 'ManualSnapshots', cluster: 'ManualClusterSnapshots' } as const;

/** @throws SnapshotQuotaExceeded when the account holds as many manual snapshots of that kind as it may */
export async function checkSnapshotQuota(kind: RdsTarget['kind']): Promise<void> {
  const { AccountQuotas } = await rds().send(new DescribeAccountAttributesCommand());
  const quota = AccountQuotas?.find(({ AccountQuotaName }) => AccountQuotaName === QUOTA_NAMES[kind]);
  if (quota?.Used === undefined || quota.Max === undefined || quota.Used < quota.Max) return;
  throw new HoldfastError(
    'SnapshotQuotaExceeded',
    `${quota.Used} of ${quota.Max} manual ${kind} snapshots of this account and region are used`,
  );
}
