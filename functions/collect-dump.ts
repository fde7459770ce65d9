/** State CollectDump: turns the worker's outcome, or its absence, into a value or a named error. */
import { getRun } from '../aws/run-store.ts';
import { abortUploads } from '../aws/uploads.ts';
import { HoldfastError } from '../core/errors.ts';
import { runPrefix } from '../core/keys.ts';
import type { Outcome } from '../core/run-record.ts';
import { CollectDumpInput, type CollectedDump } from '../core/steps.ts';
import { errorOfLostWorker } from '../core/worker-end.ts';
import type { z } from 'zod';
import { taskHandler } from './handler.ts';

async function collectDump({ taskError, ...run }: z.infer<typeof CollectDumpInput>): Promise<CollectedDump> {
  const { outcome } = await getRun(run);
  const failed = outcome?.databases.filter(({ status }) => status === 'failed') ?? [];
  if (!outcome || outcome.failure || failed.length > 0) await abortUploads(runPrefix(run));
  if (!outcome) throw errorOfLostWorker(taskError?.Error, taskError?.Cause ?? '');
  throwWhenNothingWasDumped(outcome);
  return { databasesDumped: outcome.databases.length - failed.length, databasesFailed: failed.length };
}

function throwWhenNothingWasDumped({ failure, databases }: Outcome): void {
  if (failure) throw new HoldfastError(failure.code, failure.message);
  if (databases.some(({ status }) => status === 'dumped')) return;
  const first = databases.find((database) => database.status === 'failed');
  if (first) throw new HoldfastError(first.failure.code, first.failure.message);
  throw new HoldfastError('WorkerDied', 'the worker wrote an outcome without any database');
}

export const handler = taskHandler(CollectDumpInput, collectDump);
