/** RDS snapshots of instances and of Aurora clusters behind one shape. Errors of RDS become Holdfast's. */
import {
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  type DBClusterSnapshot,
  type DBSnapshot,
  type Tag,
} from '@aws-sdk/client-rds';
import { HoldfastError } from '../core/errors.ts';
import type { RdsTarget } from '../core/steps.ts';
import { rds } from './clients.ts';

export interface RdsSnapshot {
  readonly identifier: string;
  readonly arn: string;
  /** RDS's own word: creating, available, failed, … */
  readonly status: string;
  readonly sizeGiB: number;
  readonly kmsKey: string | null;
  /** The instance or cluster that it is of. */
  readonly of: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** An instance that belongs to a cluster can only be snapshot as that cluster. @throws SnapshotFailed */
export async function snapshotTarget(target: RdsTarget): Promise<RdsTarget> {
  if (target.kind === 'cluster') return target;
  const { DBInstances } = await named(
    target,
    rds().send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: target.identifier })),
  );
  const cluster = DBInstances?.[0]?.DBClusterIdentifier;
  return cluster ? { kind: 'cluster', identifier: cluster } : target;
}

/** @returns undefined when there is no snapshot of that name */
export async function findSnapshot(kind: RdsTarget['kind'], identifier: string): Promise<RdsSnapshot | undefined> {
  try {
    if (kind === 'cluster') {
      const { DBClusterSnapshots } = await rds().send(
        new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: identifier }),
      );
      return DBClusterSnapshots?.[0] && fromCluster(DBClusterSnapshots[0]);
    }
    const { DBSnapshots } = await rds().send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: identifier }));
    return DBSnapshots?.[0] && fromInstance(DBSnapshots[0]);
  } catch (error) {
    if (error instanceof Error && error.name.includes('SnapshotNotFound')) return undefined;
    throw error;
  }
}

/**
 * Orders a snapshot.
 * @returns undefined when the instance or cluster is busy (in its own backup window, being modified) and will take
 *   the order later
 * @throws SnapshotQuotaExceeded, AccessDenied, SnapshotFailed
 */
export async function orderSnapshot(
  target: RdsTarget,
  identifier: string,
  tags: Tag[],
): Promise<RdsSnapshot | undefined> {
  try {
    return await named(target, create(target, identifier, tags));
  } catch (error) {
    const name = error instanceof HoldfastError && error.cause instanceof Error ? error.cause.name : '';
    if (/^InvalidDB(Instance|Cluster)State/.test(name)) return undefined;
    if (name.includes('SnapshotAlreadyExists')) return findSnapshot(target.kind, identifier);
    throw error;
  }
}

async function create(
  { kind, identifier }: RdsTarget,
  snapshot: string,
  Tags: Tag[],
): Promise<RdsSnapshot | undefined> {
  if (kind === 'cluster') {
    const { DBClusterSnapshot } = await rds().send(
      new CreateDBClusterSnapshotCommand({
        DBClusterIdentifier: identifier,
        DBClusterSnapshotIdentifier: snapshot,
        Tags,
      }),
    );
    return DBClusterSnapshot && fromCluster(DBClusterSnapshot);
  }
  const { DBSnapshot } = await rds().send(
    new CreateDBSnapshotCommand({ DBInstanceIdentifier: identifier, DBSnapshotIdentifier: snapshot, Tags }),
  );
  return DBSnapshot && fromInstance(DBSnapshot);
}

/** RDS leaves out what it has not; an empty text says the same. */
function given(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

function fromCluster(snapshot: DBClusterSnapshot): RdsSnapshot {
  return {
    identifier: snapshot.DBClusterSnapshotIdentifier ?? '',
    arn: snapshot.DBClusterSnapshotArn ?? '',
    status: snapshot.Status ?? '',
    sizeGiB: snapshot.AllocatedStorage ?? 0,
    kmsKey: given(snapshot.KmsKeyId),
    of: snapshot.DBClusterIdentifier ?? '',
    tags: tagsOf(snapshot.TagList),
  };
}

function tagsOf(tags: readonly Tag[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}

function fromInstance(snapshot: DBSnapshot): RdsSnapshot {
  return {
    identifier: snapshot.DBSnapshotIdentifier ?? '',
    arn: snapshot.DBSnapshotArn ?? '',
    status: snapshot.Status ?? '',
    sizeGiB: snapshot.AllocatedStorage ?? 0,
    kmsKey: given(snapshot.KmsKeyId),
    of: snapshot.DBInstanceIdentifier ?? '',
    tags: tagsOf(snapshot.TagList),
  };
}

/** What RDS refuses, as Holdfast's errors; the SDK's error stays as cause. */
async function named<T>({ kind, identifier }: RdsTarget, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const text = `${kind} ${identifier}: ${error.message}`;
    if (error.name.includes('SnapshotQuotaExceeded')) {
      throw new HoldfastError('SnapshotQuotaExceeded', text, { cause: error });
    }
    if (error.name.startsWith('AccessDenied')) throw new HoldfastError('AccessDenied', text, { cause: error });
    throw new HoldfastError('SnapshotFailed', `${text} (${error.name})`, { cause: error });
  }
}
