/** State PlanRestoreTest: chooses the recovery point that is tested, opens the row, and marks the point. */
import { bucketName, tableName } from '../aws/environment.ts';
import { newestRuns } from '../aws/recovery-points.ts';
import { openRestore } from '../aws/restore-rows.ts';
import { findRestoreTest } from '../aws/run-store.ts';
import { storageStates } from '../aws/stored-objects.ts';
import { choosePoint, chooseRandomPoint } from '../core/choose-point.ts';
import { HoldfastError } from '../core/errors.ts';
import { restoreTestKey } from '../core/keys.ts';
import { planRestoreTest, readRestoreTestInput, type RestoreTestRequest } from '../core/plan-restore-test.ts';
import { PlanRestoreTestInput, type PlannedRestoreTest } from '../core/restore-steps.ts';
import type { RunRow } from '../core/run-record.ts';
import type { Execution } from '../core/steps.ts';
import { describeThaw, estimateThaw } from '../core/thaw.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function planAndOpen(execution: Execution): Promise<PlannedRestoreTest> {
  const request = readRestoreTestInput(execution, deployedConfig());
  const point = await pointToTest(execution, request);
  await requireReadable(point);
  const { planned, plan, trigger } = planRestoreTest(execution, request, point);
  const { pk, sk, source, run, startedAt, executionArn } = planned;
  await openRestore({
    ...{ pk, sk, source, run, startedAt, executionArn },
    kind: 'restore-test',
    trigger,
    status: 'running',
    owner: executionArn,
    attempt: 0,
    plan,
  });
  return planned;
}

/** This state may run twice: the point that was chosen first stays chosen. */
async function pointToTest({ run, startedAt }: Execution, request: RestoreTestRequest): Promise<RunRow> {
  const { source, input, randomSince } = request;
  const before = await findRestoreTest(restoreTestKey({ source: source.name, run, startedAt }));
  const runs = newestRuns(tableName(), source.name);
  const chosenBefore = before?.plan?.point.run;
  if (chosenBefore === undefined && randomSince !== null) {
    return chooseRandomPoint(source.name, runs, randomSince, Math.random());
  }
  const recoveryPoint = chosenBefore ?? input.recoveryPoint;
  return choosePoint({ source: source.name, recoveryPoint, database: undefined }, runs);
}

/** A test runs unasked, so that it never pays for a thaw. @throws Untestable */
async function requireReadable({ run, dumps = [] }: RunRow): Promise<void> {
  for (const { objects } of dumps) {
    const thaw = estimateThaw(await storageStates(bucketName(), objects));
    if (thaw.objects === 0) continue;
    throw new HoldfastError(
      'Untestable',
      `recovery point ${run} is archived (${describeThaw(thaw)}): restore it instead`,
    );
  }
}

export const handler = taskHandler(PlanRestoreTestInput, planAndOpen);
