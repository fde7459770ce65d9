/** `holdfast prune [source]`: runs the retention machine now, or shows what it would do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { findExecution, startExecution, type ExecutionState } from '../../aws/executions.ts';
import { failureOfStep, HoldfastError } from '../../core/errors.ts';
import { PlannedRetention, AppliedRetention } from '../../core/retention-steps.ts';
import type { Context } from '../context.ts';
import { pointsOmitted, renderApplied, renderPlan } from '../render-retention.ts';
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

type SourceResult = z.infer<typeof Output>['sources'][number];

/**
 * @param source undefined: all that are configured
 * @throws what retention fails with
 */
export async function prune(source: string | undefined, dryRun: boolean, context: Context): Promise<Result> {
  const { retentionMachineArn } = context.deployment;
  const results = await runMachine(retentionMachineArn, source, dryRun);
  const sources = dryRun && results.length > 1 ? await withAllPoints(retentionMachineArn, results) : results;
  const texts = sources.map((each) => (each.status === 'planned' ? renderPlan(each, dryRun) : renderApplied(each)));
  return { document: { dryRun, sources }, text: texts.join('\n\n') };
}

async function runMachine(machineArn: string, source: string | undefined, dryRun: boolean): Promise<SourceResult[]> {
  const input = { ...(source !== undefined && { source }), dryRun };
  const name = runName(`prune${source === undefined ? '' : `-${source}`}`, new Date());
  const execution = await waitForEnd(await startExecution(machineArn, name, input));
  if (execution.status !== 'SUCCEEDED') throw errorOf(execution);
  return Output.parse(JSON.parse(execution.output ?? '')).sources;
}

/** So many sources are asked for at once. */
const ASKED_AT_ONCE = 5;

/** The result of all sources has not room for every point of many: those that it leaves out are asked for alone. */
async function withAllPoints(machineArn: string, results: readonly SourceResult[]): Promise<SourceResult[]> {
  const complete: SourceResult[] = [];
  for (let start = 0; start < results.length; start += ASKED_AT_ONCE) {
    const asked = results.slice(start, start + ASKED_AT_ONCE).map(async (result) => {
      if (result.status !== 'planned' || pointsOmitted(result) === 0) return [result];
      return runMachine(machineArn, result.source, true);
    });
    complete.push(...(await Promise.all(asked)).flat());
  }
  return complete;
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
  const { code, message } = failureOfStep(error, cause);
  return new HoldfastError(code, message);
}
