/** Everything that is stored of one run, as one document. */
import { findActive, findManifest, findRunByName } from '../aws/recovery-points.ts';
import { storageClassesOf } from '../aws/run-folders.ts';
import type { Deployment } from '../aws/deployment.ts';
import type { Manifest } from '../core/manifest.ts';
import type { RunRow } from '../core/run-record.ts';
import { describeRun, type RunDocument } from './documents.ts';

export interface LoadedRun {
  readonly document: RunDocument;
  readonly warnings: readonly string[];
}

/** @returns undefined when the table has no record of that run */
export async function loadRun({ table, bucket }: Deployment, name: string): Promise<LoadedRun | undefined> {
  const run = await findRunByName(table, name);
  if (!run) return undefined;
  const manifest = await manifestOf(run, bucket);
  const storageClasses = await storageClassesOf(bucket, [run]);
  const active = run.status === 'running' ? await findActive(table, run.pk) : undefined;
  const progress = active?.run === name ? active.progress : undefined;
  return {
    document: describeRun({ run, bucket, manifest, progress, storageClasses }),
    warnings: missesManifest(run, manifest) ? [`${bucket} holds no manifest.json of run ${name}`] : [],
  };
}

/** Only a run with something good has a manifest. */
async function manifestOf(run: RunRow, bucket: string): Promise<Manifest | undefined> {
  return run.verdict === undefined ? undefined : findManifest(bucket, run);
}

/** Retention removes it with the objects, also where the snapshot stays. */
function missesManifest({ verdict, deleting, dumpDeletedAt }: RunRow, manifest: Manifest | undefined): boolean {
  const isRemoved = deleting !== undefined || dumpDeletedAt !== undefined;
  return verdict !== undefined && !isRemoved && manifest === undefined;
}
