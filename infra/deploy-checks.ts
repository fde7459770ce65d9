/** What is looked at in the account before something is deployed to it, and after. */
import { DescribeAccountAttributesCommand } from '@aws-sdk/client-rds';
import { rds } from '../aws/clients.ts';
import { findBucket } from '../aws/deployment.ts';
import { defaultLock, hasObjectLock } from '../aws/object-lock.ts';
import { totalSnapshotsKept } from '../core/config/plan-source.ts';
import type { Config } from '../core/config/schema.ts';
import { HoldfastError } from '../core/errors.ts';

/**
 * Fargate starts no task without a network; the local stack needs none, so the schema leaves it optional.
 * @throws InvalidConfig naming the sources
 */
export function requireNetwork({ sources }: Config): void {
  const without = Object.entries(sources).filter(([, source]) => !source.network?.subnets.length);
  if (without.length === 0) return;
  throw new HoldfastError(
    'InvalidConfig',
    `no network for ${without.map(([name]) => name).join(', ')}: give subnets and securityGroups at the top or in the source`,
  );
}

/** @throws SnapshotQuotaExceeded when the sources keep more snapshots than the account may have */
export async function requireSnapshotQuota(config: Config): Promise<void> {
  const kept = totalSnapshotsKept(config);
  if (kept === 0) return;
  const { AccountQuotas } = await rds().send(new DescribeAccountAttributesCommand());
  const quota = AccountQuotas?.find(({ AccountQuotaName }) => AccountQuotaName === 'ManualSnapshots');
  if (quota?.Max === undefined || kept <= quota.Max) return;
  throw new HoldfastError(
    'SnapshotQuotaExceeded',
    `the sources keep ${kept} snapshots together, this account may have ${quota.Max}: lower rds.snapshot.keepLast or raise the quota`,
  );
}

/**
 * CloudFormation would replace a bucket that cannot lock by an empty one, and leave the backups in the old one.
 * @throws InvalidConfig for the bucket of a stage that was made without Object Lock
 */
export async function requireLockableBucket(stage: string): Promise<void> {
  const bucket = await findBucket(stage);
  if (bucket === undefined || (await hasObjectLock(bucket))) return;
  throw new HoldfastError(
    'InvalidConfig',
    `bucket ${bucket} was made without Object Lock: deploy a new stage, and keep the old one until its points have expired`,
  );
}

/**
 * CloudFormation changes what a template changes; what somebody else has set at the bucket it leaves.
 * @throws InvalidConfig when the bucket does not lock new objects as the configuration says
 */
export async function requireLockOf(stage: string, { storage }: Config): Promise<void> {
  const bucket = await findBucket(stage);
  if (bucket === undefined) return;
  const [is, due] = [describeLock(await defaultLock(bucket)), describeLock(storage.objectLock)];
  if (is === due) return;
  throw new HoldfastError(
    'InvalidConfig',
    `bucket ${bucket} locks new objects ${is}, storage.objectLock says ${due}: somebody has changed the bucket; ` +
      'set its default retention back, then deploy again',
  );
}

function describeLock(lock: { readonly mode: string; readonly days: number } | undefined): string {
  return lock ? `for ${lock.days} days in ${lock.mode} mode` : 'not at all';
}
