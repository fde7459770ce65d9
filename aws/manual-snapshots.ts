/** Every manual snapshot of the account and region, with its tags. */
import { paginateDescribeDBClusterSnapshots, paginateDescribeDBSnapshots, type Tag } from '@aws-sdk/client-rds';
import type { RdsTarget } from '../core/steps.ts';
import { rds } from './clients.ts';

export interface ManualSnapshot {
  readonly kind: RdsTarget['kind'];
  readonly identifier: string;
  readonly tags: Readonly<Record<string, string>>;
}

export async function manualSnapshots(): Promise<ManualSnapshot[]> {
  const found: ManualSnapshot[] = [];
  const manual = { SnapshotType: 'manual' };
  for await (const { DBSnapshots = [] } of paginateDescribeDBSnapshots({ client: rds() }, manual)) {
    for (const { DBSnapshotIdentifier: identifier = '', TagList } of DBSnapshots) {
      found.push({ kind: 'instance', identifier, tags: tagsOf(TagList) });
    }
  }
  for await (const { DBClusterSnapshots = [] } of paginateDescribeDBClusterSnapshots({ client: rds() }, manual)) {
    for (const { DBClusterSnapshotIdentifier: identifier = '', TagList } of DBClusterSnapshots) {
      found.push({ kind: 'cluster', identifier, tags: tagsOf(TagList) });
    }
  }
  return found;
}

function tagsOf(tags: readonly Tag[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}
