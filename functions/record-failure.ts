/** State RecordFailure: closes the row of a run, a restore or a restore test that failed, and frees what it held. */
import type * as z from 'zod';
import { closeFailedWork } from '../aws/close-work.ts';
import { describeWork } from '../core/describe-work.ts';
import { failureOfStep } from '../core/errors.ts';
import { RecordFailureInput, type RecordedFailure } from '../core/steps.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function recordFailure(input: z.infer<typeof RecordFailureInput>): Promise<RecordedFailure> {
  const failure = failureOfStep(input.error, input.cause);
  const work = describeWork(input, deployedConfig());
  await closeFailedWork(work, { status: 'failed', failure, finishedAt: new Date().toISOString() });
  return { failure };
}

export const handler = taskHandler(RecordFailureInput, recordFailure);
