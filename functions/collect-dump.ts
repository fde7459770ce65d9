/** State CollectDump: turns the worker's outcome, or its absence, into a value or a named error. */
import { getRun } from '../aws/run-store.ts';
import { abortUploads } from '../aws/uploads.ts';
import { causeChain, HoldfastError } from '../core/errors.ts';
import { runPrefix, type RunId } from '../core/keys.ts';
import type { Outcome } from '../core/run-record.ts';
import { CollectDumpInput, type CollectedDump } from '../core/steps.ts';
import { errorOfLostWorker } from '../core/worker-end.ts';
import type * as z from 'zod';
import { taskHandler } from './handler.ts';

async function collectDump({ taskError, ...run }: z.infer<typeof CollectDumpInput>): Promise<CollectedDump> {
  const { outcome } = await getRun(run);
  const failed = outcome?.databases.filter(({ status }) => status === 'failed') ?? [];
  // Of a good dump too: an upload whose creation was never answered is known to nobody else.
  const uploadsLeft = await abortLeft(run);
  const error = outcome ? errorOfNothing(outcome) : errorOfLostWorker(taskError?.Error, taskError?.Cause ?? '');
  if (error) throw uploadsLeft === null ? error : new HoldfastError(error.code, `${error.message}; ${uploadsLeft}`);
  const databasesDue = outcome?.databases.length ?? 0;
  return { databasesDumped: databasesDue - failed.length, databasesFailed: failed.length, uploadsLeft };
}

/**
 * Why the dump failed matters more than what could not be cleaned up after it: the run fails in any case, and the
 * backstop aborts what is left once more.
 * @returns why uploads of the run may still be open, or null
 */
async function abortLeft(run: RunId): Promise<string | null> {
  try {
    await abortUploads(runPrefix(run));
    return null;
  } catch (error) {
    return `open uploads could not be aborted: ${causeChain(error)}`;
  }
}

/** Undefined when at least one database was dumped. */
function errorOfNothing({ failure, databases }: Outcome): HoldfastError | undefined {
  if (failure) return new HoldfastError(failure.code, failure.message);
  if (databases.some(({ status }) => status === 'dumped')) return undefined;
  const first = databases.find((database) => database.status === 'failed');
  if (first) return new HoldfastError(first.failure.code, first.failure.message);
  return new HoldfastError('WorkerDied', 'the worker wrote an outcome without any database');
}

export const handler = taskHandler(CollectDumpInput, collectDump);
