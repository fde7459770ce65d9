/** State CollectRestore: turns the worker's outcome, or its absence, into a result or a named error. */
import { getPlannedRestore } from '../aws/restored-dump.ts';
import { closeSucceeded } from '../aws/restore-rows.ts';
import { HoldfastError } from '../core/errors.ts';
import type { RestoredDatabase, RestoreOutcome } from '../core/restore-record.ts';
import { CollectRestoreInput, type CollectedRestore } from '../core/restore-steps.ts';
import { errorOfLostWorker } from '../core/worker-end.ts';
import type * as z from 'zod';
import { taskHandler } from './handler.ts';

async function collectRestore({ taskError, ...ref }: z.infer<typeof CollectRestoreInput>): Promise<CollectedRestore> {
  const row = await getPlannedRestore(ref);
  if (!row.outcome) throw errorOfLostWorker(taskError?.Error, taskError?.Cause ?? '');
  const restored = requireComplete(row.outcome);
  // This state ran before, and its answer was lost.
  if (row.status !== 'succeeded') await closeSucceeded(row, new Date().toISOString());
  return {
    database: row.outcome.target?.database ?? row.plan.database,
    seconds: restored.timings?.totalSeconds ?? 0,
    tables: restored.compared?.tables ?? 0,
    rows: restored.compared?.rows ?? 0,
    differences: restored.differences.length + restored.differencesOmitted,
  };
}

/** What is not said to be complete and compared is not: a worker that forgets something must not pass. */
function requireComplete({ failure, targetState, restored }: RestoreOutcome): RestoredDatabase {
  const error = failure ?? restored?.failure;
  if (error) throw new HoldfastError(error.code, error.message);
  if (restored?.compared && targetState === 'complete') return restored;
  throw new HoldfastError('UnexpectedError', 'the worker reported neither a failure nor a complete, compared restore');
}

export const handler = taskHandler(CollectRestoreInput, collectRestore);
