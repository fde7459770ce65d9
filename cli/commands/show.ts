/** `holdfast show <run>`: everything that is known of one run. */
import { executionArnOf, findExecution } from '../../aws/executions.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { loadRun } from '../load-run.ts';
import { renderRun } from '../render-run.ts';
import type { Result } from '../result.ts';

/** @throws RecoveryPointNotFound when nothing is recorded under that name */
export async function show(run: string, context: Context): Promise<Result> {
  const loaded = await loadRun(context.deployment, run);
  if (!loaded) throw await notFound(run, context);
  const { document, warnings } = loaded;
  return { document, text: renderRun(document), warnings };
}

async function notFound(run: string, { deployment, commandLine }: Context): Promise<HoldfastError> {
  const execution = await findExecution(executionArnOf(deployment.backupMachineArn, run));
  return new HoldfastError(
    'RecoveryPointNotFound',
    execution
      ? `run ${run} has no record: its execution is ${execution.status}, started at ${execution.startedAt}`
      : `no run is named "${run}" in stage ${deployment.stage}: see ${commandLine('list')}`,
  );
}
