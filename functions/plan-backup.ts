/** State PlanBackup: decides what the run does, claims its slot and its source, and opens its row. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { claimSlot, claimSource } from '../aws/claims.ts';
import { dynamo } from '../aws/clients.ts';
import { tableName } from '../aws/environment.ts';
import { slotKey } from '../core/keys.ts';
import { planRun, type Plan } from '../core/plan-run.ts';
import type { RunRow } from '../core/run-record.ts';
import { PlanBackupInput, type Execution, type PlannedRun } from '../core/steps.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function planBackup(execution: Execution): Promise<PlannedRun> {
  const plan = planRun(execution, deployedConfig());
  if (plan.scheduledTime !== null) {
    const duplicateOf = await claimSlot(plan.planned, slotKey(plan.planned.source, plan.scheduledTime));
    if (duplicateOf !== null) return { ...plan.planned, duplicateOf };
  }
  await claimSource(plan.planned);
  await openRun(plan);
  return plan.planned;
}

async function openRun({ planned, trigger, label, dumpPlan }: Plan): Promise<void> {
  const row: RunRow = {
    pk: planned.pk,
    sk: planned.sk,
    source: planned.source,
    run: planned.run,
    executionArn: planned.executionArn,
    startedAt: planned.startedAt,
    trigger,
    label,
    status: 'running',
    ...(dumpPlan && { plan: dumpPlan }),
  };
  try {
    await dynamo().send(
      new PutCommand({ TableName: tableName(), Item: row, ConditionExpression: 'attribute_not_exists(pk)' }),
    );
  } catch (error) {
    // This state ran before: its row is already there, and derives from the same input.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

export const handler = taskHandler(PlanBackupInput, planBackup);
