/**
 * Outside the machine: called for every execution that ended FAILED, TIMED_OUT or ABORTED. Closes what the machine
 * could not close any more, and publishes what it could not publish.
 */
import { DescribeExecutionCommand, type DescribeExecutionCommandOutput } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { stepFunctions } from '../aws/clients.ts';
import { closeFailedWork } from '../aws/close-work.ts';
import { publishEnd } from '../aws/publish.ts';
import { abortUploads } from '../aws/uploads.ts';
import { describeWork } from '../core/describe-work.ts';
import { failureOfStep, type Failure } from '../core/errors.ts';
import { runPrefix } from '../core/keys.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

/** The part of EventBridge's "Step Functions Execution Status Change" that is used; the rest is asked for. */
const StatusChange = z.looseObject({
  detail: z.looseObject({ executionArn: z.string(), status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']) }),
});

async function closeAbandonedWork({ detail: { executionArn, status } }: z.infer<typeof StatusChange>): Promise<void> {
  // DescribeExecution is eventually consistent: what ended it is the event's to say.
  const execution = { ...(await stepFunctions().send(new DescribeExecutionCommand({ executionArn }))), status };
  const work = describeWork(
    {
      executionArn,
      run: execution.name ?? '',
      startedAt: (execution.startDate ?? new Date()).toISOString(),
      input: parseInput(execution.input),
    },
    deployedConfig(),
  );
  const finishedAt = (execution.stopDate ?? new Date()).toISOString();
  const closed = await closeFailedWork(work, {
    status: status === 'ABORTED' ? 'aborted' : 'failed',
    failure: failureOf(execution),
    finishedAt,
  });
  // A worker that is still alive cannot complete an upload that is gone; other workers upload nothing.
  if (work.kind === 'backup') await abortUploads(runPrefix(work));
  if (closed.notifiedAt === undefined) await publishEnd(closed);
}

function failureOf({ status, error, cause }: DescribeExecutionCommandOutput): Failure {
  if (status === 'ABORTED')
    return { code: 'Cancelled', message: `the execution was stopped from outside${detail(error, cause)}` };
  if (status === 'TIMED_OUT')
    return { code: 'DeadlineExceeded', message: 'the execution ran longer than the machine allows' };
  return failureOfStep(error ?? 'UnexpectedError', cause ?? '');
}

function detail(error: string | undefined, cause: string | undefined): string {
  const text = [error, cause].filter((part) => part !== undefined && part !== '').join(': ');
  return text === '' ? '' : ` (${text})`;
}

function parseInput(input: string | undefined): unknown {
  try {
    return JSON.parse(input ?? '');
  } catch {
    return undefined; // Step Functions takes only JSON; an input it does not return at all is no input
  }
}

export const handler = taskHandler(StatusChange, closeAbandonedWork);
