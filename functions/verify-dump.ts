/**
 * State VerifyDump: a second party, under a role that cannot write, compares what S3 stores with what the worker says
 * that it sent. The expected values come from the outcome in the table, never from metadata of the objects.
 */
import { bucketName } from '../aws/environment.ts';
import { getRun } from '../aws/run-store.ts';
import { headStored } from '../aws/stored-objects.ts';
import { HoldfastError, toFailure } from '../core/errors.ts';
import type { DatabaseDump, StoredObject } from '../core/manifest.ts';
import { type RunRef, VerifyDumpInput, type VerifiedDump } from '../core/steps.ts';
import { metricsOfVerification } from '../core/run-metrics.ts';
import { requireArchive } from '../core/verify-object.ts';
import { emitMetrics } from './emit-metrics.ts';
import { findSuspicions } from './find-suspicions.ts';
import { taskHandler } from './handler.ts';

async function verifyDump(ref: RunRef): Promise<VerifiedDump> {
  const run = await getRun(ref);
  const { outcome } = run;
  if (!outcome) throw new HoldfastError('UnexpectedError', `run ${run.run} has no outcome to verify`);
  const { attempt } = outcome;
  const verified: VerifiedDump = {
    attempt,
    at: new Date().toISOString(),
    objects: 0,
    mismatches: [],
    suspicions: [],
    versionIds: {},
  };
  const dumped = outcome.databases.filter((database) => database.status === 'dumped');
  for (const dump of dumped) await verifyDatabase(dump, verified);
  emitMetrics(metricsOfVerification(verified), run.source, new Date());
  if (verified.objects > 0) return { ...verified, suspicions: await findSuspicions(run, goodOnes(dumped, verified)) };
  const [first] = verified.mismatches;
  if (first) throw new HoldfastError(first.failure.code, first.failure.message);
  throw new HoldfastError('UnexpectedError', `the outcome of run ${run.run} names no object to verify`);
}

function goodOnes(dumps: readonly DatabaseDump[], { mismatches }: VerifiedDump): DatabaseDump[] {
  return dumps.filter(({ database }) => !mismatches.some((mismatch) => mismatch.database === database));
}

/** Adds the database to what is verified, or to the mismatches when one of its objects is not what was sent. */
async function verifyDatabase(dump: DatabaseDump, verified: VerifiedDump): Promise<void> {
  try {
    requireArchive(dump);
    const versionIds = await Promise.all(dump.objects.map(verifyObject));
    Object.assign(verified.versionIds, ...versionIds);
    verified.objects += dump.objects.length;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    verified.mismatches.push({ database: dump.database, failure: toFailure(error) });
  }
}

/** @returns the version that S3 holds, where the worker never learned it */
async function verifyObject(object: StoredObject): Promise<Record<string, string>> {
  const head = await headStored(bucketName(), object);
  return object.versionId === null && head?.VersionId !== undefined ? { [object.key]: head.VersionId } : {};
}

export const handler = taskHandler(VerifyDumpInput, verifyDump);
