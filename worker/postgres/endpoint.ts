/** Where an RDS instance or the writer of an Aurora cluster listens. */
import { DescribeDBClustersCommand, DescribeDBInstancesCommand, type DBInstance } from '@aws-sdk/client-rds';
import { rds } from '../../aws/clients.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { DumpPlan } from '../../core/run-record.ts';
import { withinTimeout, type AttemptLimits } from '../retry.ts';

const DESCRIBE_TIMEOUT_MS = 30_000;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** The database that was made with the instance, if any. */
  readonly database: string | undefined;
}

/**
 * One instance, never a cluster's endpoint: sessions of one dump that reach two instances cannot share a snapshot.
 * @throws SourceUnreachable when there is none of that name or it has no endpoint, AccessDenied, or the signal's reason
 */
export async function rdsEndpoint(
  { kind, identifier }: NonNullable<DumpPlan['rds']>,
  signal: AbortSignal,
): Promise<Endpoint> {
  try {
    const instance = await describeInstance(
      kind === 'instance' ? identifier : await writerOf(identifier, signal),
      signal,
    );
    const { Address: host, Port: port } = instance?.Endpoint ?? {};
    if (host !== undefined && port !== undefined) return { host, port, database: instance?.DBName };
  } catch (error) {
    throw describeError(kind, identifier, error);
  }
  const message = `RDS ${kind} ${identifier} has no endpoint: it is being created, or was deleted`;
  throw new HoldfastError('SourceUnreachable', message);
}

const limits = (signal: AbortSignal): AttemptLimits => ({ timeoutMs: DESCRIBE_TIMEOUT_MS, signal });

async function describeInstance(identifier: string, signal: AbortSignal): Promise<DBInstance | undefined> {
  const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
  const { DBInstances } = await withinTimeout(limits(signal), (abortSignal) => rds().send(command, { abortSignal }));
  return DBInstances?.[0];
}

async function writerOf(cluster: string, signal: AbortSignal): Promise<string> {
  const command = new DescribeDBClustersCommand({ DBClusterIdentifier: cluster });
  const { DBClusters } = await withinTimeout(limits(signal), (abortSignal) => rds().send(command, { abortSignal }));
  const writer = DBClusters?.[0]?.DBClusterMembers?.find((member) => member.IsClusterWriter === true);
  if (writer?.DBInstanceIdentifier !== undefined) return writer.DBInstanceIdentifier;
  throw new HoldfastError('SourceUnreachable', `RDS cluster ${cluster} has no writer instance`);
}

function describeError(kind: string, identifier: string, cause: unknown): unknown {
  const name = cause instanceof Error ? cause.name : '';
  if (/^DB(Instance|Cluster)NotFound/.test(name)) {
    const message = `RDS has no ${kind} ${identifier} in this account and region`;
    return new HoldfastError('SourceUnreachable', message, { cause });
  }
  if (/AccessDenied|UnauthorizedOperation/.test(name)) {
    const message = `rds:DescribeDBInstances or rds:DescribeDBClusters was refused for ${identifier}`;
    return new HoldfastError('AccessDenied', message, { cause });
  }
  return cause;
}
