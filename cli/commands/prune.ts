/** `holdfast prune [source]`: runs the retention machine now, or shows what it would do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { findExecution, startExecution, type ExecutionState } from '../../aws/executions.ts';
import { failureOfStep, HoldfastError } from '../../core/errors.ts';
import { PlannedRetention, AppliedRetention } from '../../core/retention-steps.ts';
import type { Context } from '../context.ts';
import { renderApplied, renderPlan } from '../render-retention.ts';
import type { Result } from '../result.ts';
import { runName } from '../run-name.ts';

const POLL_MS = 500;

const Output = z.object({
  sources: z.array(
    z.discriminatedUnion('status', [
      PlannedRetention.extend({ status: z.literal('planned') }),
      AppliedRetention.extend({ status: z.literal('applied') }),
    ]),
  ),
});

/**
 * @param source undefined: all that are configured
 * @throws what retention fails with
 */
export async function prune(source: string | undefined, dryRun: boolean, context: Context): Promise<Result> {
  const { retentionMachineArn } = context.deployment;
  const input = { ...(source !== undefined && { source }), dryRun };
  const name = runName(`prune${source === undefined ? '' : `-${source}`}`, new Date());
  const execution = await waitForEnd(await startExecution(retentionMachineArn, name, input));
  if (execution.status !== 'SUCCEEDED') throw errorOf(execution);
  const { sources } = Output.parse(JSON.parse(execution.output ?? ''));
  const texts = sources.map((each) => (each.status === 'planned' ? renderPlan(each, dryRun) : renderApplied(each)));
  return { document: { dryRun, sources }, text: texts.join('\n\n') };
}

async function waitForEnd(executionArn: string): Promise<ExecutionState> {
  for (;;) {
    const execution = await findExecution(executionArn);
    if (!execution) throw new HoldfastError('UnexpectedError', `execution ${executionArn} has vanished`);
    if (!['RUNNING', 'PENDING_REDRIVE'].includes(execution.status)) return execution;
    await sleep(POLL_MS);
  }
}

function errorOf({ error, cause }: ExecutionState): HoldfastError {
  if (error === 'States.DataLimitExceeded') {
    return new HoldfastError('InvalidInput', 'the plan of all sources is too long for one answer: name a source');
  }
  const { code, message } = failureOfStep(error, cause);
  return new HoldfastError(code, message);
}
