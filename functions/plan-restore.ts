/** State PlanRestore: decides what is restored from what to where, opens the row, and marks the recovery point. */
import { bucketName, tableName } from '../aws/environment.ts';
import { newestRuns } from '../aws/recovery-points.ts';
import { openRestore } from '../aws/restore-rows.ts';
import { findRestore } from '../aws/run-store.ts';
import { storageStates } from '../aws/stored-objects.ts';
import { restoreKey } from '../core/keys.ts';
import { chooseRestorePoint, planRestore, readRestoreInput, type RestoreRequest } from '../core/plan-restore.ts';
import { PlanRestoreInput, type PlannedRestore } from '../core/restore-steps.ts';
import type { Execution } from '../core/steps.ts';
import { estimateThaw } from '../core/thaw.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function planAndOpen(execution: Execution): Promise<PlannedRestore> {
  const request = await samePointAsBefore(execution, readRestoreInput(execution.input, deployedConfig()));
  const chosen = await chooseRestorePoint(request, newestRuns(tableName(), request.source.name));
  const states = await storageStates(bucketName(), chosen.dump.objects);
  const thaw = estimateThaw(states, request.input.thawTier);
  const { planned, plan, trigger } = planRestore(execution, request, chosen, thaw);
  if (planned.dryRun) return planned;
  await openRestore(planned, { kind: 'restore', trigger, plan });
  return planned;
}

/** This state may run twice, and what is newest may be another point by then. */
async function samePointAsBefore({ run, startedAt }: Execution, request: RestoreRequest): Promise<RestoreRequest> {
  const before = await findRestore(restoreKey({ source: request.source.name, run, startedAt }));
  const recoveryPoint = before?.plan?.point.run ?? request.input.recoveryPoint;
  return { ...request, input: { ...request.input, recoveryPoint } };
}

export const handler = taskHandler(PlanRestoreInput, planAndOpen);
