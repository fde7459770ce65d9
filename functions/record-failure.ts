/** State RecordFailure: closes the row of a run that leaves no recovery point, and gives its source free. */
import type { z } from 'zod';
import { closeFailedRun } from '../aws/close-run.ts';
import { failureOfStep } from '../core/errors.ts';
import { describeRun } from '../core/plan-run.ts';
import { RecordFailureInput, type RecordedFailure } from '../core/steps.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function recordFailure(input: z.infer<typeof RecordFailureInput>): Promise<RecordedFailure> {
  const failure = failureOfStep(input.error, input.cause);
  const run = describeRun(input, deployedConfig());
  await closeFailedRun(run, 'failed', failure, new Date().toISOString());
  return { failure };
}

export const handler = taskHandler(RecordFailureInput, recordFailure);
