/** What RDS does to a test that asks for it, and what it says of the snapshots of a run. */
import { DescribeDBClusterSnapshotsCommand, DescribeDBSnapshotsCommand, type Tag } from '@aws-sdk/client-rds';
import type { Manifest } from '../../../core/manifest.ts';
import type { MachineWorld } from './machine-world.ts';

/** See local/emulator/mends/rds_faults.py; what is left out goes back to `available`. */
export interface RdsBehaviour {
  /** Of an instance or a cluster. */
  readonly identifier?: string;
  readonly snapshots?: 'available' | 'creating' | 'failed';
  readonly status?: string;
  /** Of the account; null: back to the default. */
  readonly snapshotQuota?: number | null;
}

export async function setRds({ stack }: MachineWorld, behaviour: RdsBehaviour): Promise<void> {
  const response = await fetch(`${stack.info.endpoint}/_holdfast/rds`, {
    method: 'POST',
    body: JSON.stringify(behaviour),
  });
  if (!response.ok) throw new Error(`the emulator refused ${JSON.stringify(behaviour)}: ${await response.text()}`);
}

/** The tags that the snapshot of a run has. */
export function snapshotTags(source: string, run: string): Readonly<Record<string, string>> {
  return { 'holdfast:source': source, 'holdfast:run': run, 'holdfast:stage': 'local' };
}

/** The tags of a recovery point's snapshot, as RDS has them. */
export async function tagsOfSnapshot(
  { stack }: MachineWorld,
  { snapshot }: Manifest,
): Promise<Readonly<Record<string, string>>> {
  const { rds } = stack.clients;
  const tags = snapshot?.kind === 'cluster' ? await clusterTags() : await instanceTags();
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

  async function instanceTags(): Promise<Tag[] | undefined> {
    const command = new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: snapshot?.identifier });
    return (await rds.send(command)).DBSnapshots?.[0]?.TagList;
  }

  async function clusterTags(): Promise<Tag[] | undefined> {
    const command = new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: snapshot?.identifier });
    return (await rds.send(command)).DBClusterSnapshots?.[0]?.TagList;
  }
}
