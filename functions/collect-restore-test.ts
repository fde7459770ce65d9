/** State CollectRestoreTest: records beside the recovery point what its test found, then fails unless it passed. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from '../aws/clients.ts';
import { bucketName } from '../aws/environment.ts';
import { closeSucceeded } from '../aws/restore-rows.ts';
import { recordTestResult } from '../aws/restore-test-results.ts';
import { findRestoreTest } from '../aws/run-store.ts';
import { HoldfastError, toFailure, type Failure } from '../core/errors.ts';
import { restoreTestResultKey } from '../core/keys.ts';
import type { RestoreTestEntry } from '../core/manifest.ts';
import { exceedsRto } from '../core/restore-event.ts';
import type { PointRef, RestoreTestRow } from '../core/restore-record.ts';
import { CollectRestoreTestInput, type CollectedRestoreTest } from '../core/restore-steps.ts';
import { failureOfTest, restoreTestEntry } from '../core/restore-test-entry.ts';
import { metricsOfRestoreTest } from '../core/run-metrics.ts';
import type { TaskError } from '../core/steps.ts';
import { errorOfLostWorker } from '../core/worker-end.ts';
import type * as z from 'zod';
import { emitMetrics } from './emit-metrics.ts';
import { taskHandler } from './handler.ts';

async function collectRestoreTest({
  taskError,
  ...ref
}: z.infer<typeof CollectRestoreTestInput>): Promise<CollectedRestoreTest> {
  const row = await findRestoreTest(ref);
  if (!row?.plan) throw new HoldfastError('UnexpectedError', `the restore test ${ref.pk} / ${ref.sk} has no plan`);
  const { plan } = row;
  const failure = failureOf(row, taskError);
  const at = row.outcome?.finishedAt ?? new Date().toISOString();
  const entry = restoreTestEntry(row, plan, failure, at);
  await storeResult(plan.point, entry);
  await recordTestResult({ ...row, plan }, entry);
  emitMetrics(metricsOfRestoreTest(entry), row.source, new Date());
  if (failure) throw new HoldfastError(failure.code, failure.message);
  // This state ran before, and its answer was lost.
  if (row.status !== 'succeeded') await closeSucceeded({ ...row, plan }, at);
  const rtoExceeded = exceedsRto(entry.seconds, entry.rtoSeconds);
  return { seconds: entry.seconds ?? 0, rtoExceeded, checks: entry.checks.length };
}

function failureOf({ outcome }: RestoreTestRow, taskError: TaskError | undefined): Failure | null {
  return outcome ? failureOfTest(outcome) : toFailure(errorOfLostWorker(taskError?.Error, taskError?.Cause ?? ''));
}

async function storeResult(point: PointRef, entry: RestoreTestEntry): Promise<void> {
  await s3().send(
    new PutObjectCommand({
      Bucket: bucketName(),
      Key: restoreTestResultKey(point, entry.run),
      Body: `${JSON.stringify(entry, null, 2)}\n`,
      ContentType: 'application/json',
    }),
  );
}

export const handler = taskHandler(CollectRestoreTestInput, collectRestoreTest);
