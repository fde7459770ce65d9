/** State PlanRestoreTest: claims its slot, chooses the recovery point that is tested, opens the row, and marks the point. */
import { claimSlot } from '../aws/claims.ts';
import { bucketName, tableName } from '../aws/environment.ts';
import { newestRuns } from '../aws/recovery-points.ts';
import { openRestore } from '../aws/restore-rows.ts';
import { findRestoreTest } from '../aws/run-store.ts';
import { storageStates } from '../aws/stored-objects.ts';
import { choosePoint, inRandomOrder, pointsSince } from '../core/choose-point.ts';
import { HoldfastError } from '../core/errors.ts';
import { formatTime } from '../core/format.ts';
import { restoreTestKey, testSlotKey } from '../core/keys.ts';
import { planRestoreTest, readRestoreTestInput, type RestoreTestRequest } from '../core/plan-restore-test.ts';
import { PlanRestoreTestInput, type DuplicateRestoreTest, type PlannedRestoreTest } from '../core/restore-steps.ts';
import type { RunRow } from '../core/run-record.ts';
import type { Execution } from '../core/steps.ts';
import { describeThaw, estimateThaw, type ThawEstimate } from '../core/thaw.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

async function planAndOpen(execution: Execution): Promise<PlannedRestoreTest | DuplicateRestoreTest> {
  const request = readRestoreTestInput(execution, deployedConfig());
  const duplicate = await claimedByAnother(execution, request);
  if (duplicate) return duplicate;
  const point = await pointToTest(execution, request);
  const { planned, plan, trigger } = planRestoreTest(execution, request, point);
  await openRestore(planned, { kind: 'restore-test', trigger, plan });
  return planned;
}

async function claimedByAnother(
  { run, startedAt, executionArn }: Execution,
  { input, source: { name: source } }: RestoreTestRequest,
): Promise<DuplicateRestoreTest | null> {
  if (input.scheduledTime === undefined) return null;
  const ref = { source, run, startedAt, executionArn, ...restoreTestKey({ source, run, startedAt }) };
  const duplicateOf = await claimSlot(ref, testSlotKey(source, input.scheduledTime));
  return duplicateOf === null ? null : { ...ref, duplicateOf };
}

/** This state may run twice: the point that was chosen first stays chosen. */
async function pointToTest({ run, startedAt }: Execution, request: RestoreTestRequest): Promise<RunRow> {
  const { source, input, randomSince } = request;
  const before = await findRestoreTest(restoreTestKey({ source: source.name, run, startedAt }));
  const runs = newestRuns(tableName(), source.name);
  const chosenBefore = before?.plan?.point.run;
  if (chosenBefore === undefined && randomSince !== null) return randomPoint(source.name, runs, randomSince);
  const recoveryPoint = chosenBefore ?? input.recoveryPoint;
  const point = await choosePoint({ source: source.name, recoveryPoint, database: undefined }, runs);
  const thaw = await thawOf(point);
  if (!thaw) return point;
  throw new HoldfastError(
    'Untestable',
    `recovery point ${point.run} is archived (${describeThaw(thaw)}): restore it instead`,
  );
}

async function randomPoint(source: string, runs: AsyncIterable<RunRow>, since: string): Promise<RunRow> {
  for (const point of inRandomOrder(await pointsSince(source, runs, since), Math.random)) {
    if (!(await thawOf(point))) return point;
  }
  throw new HoldfastError(
    'Untestable',
    `every verified recovery point of source ${source} since ${formatTime(since)} is archived: choose a shorter window`,
  );
}

/** A test runs unasked, so that it never pays for a thaw. @returns undefined: everything can be read */
async function thawOf({ dumps = [] }: RunRow): Promise<ThawEstimate | undefined> {
  for (const { objects } of dumps) {
    const thaw = estimateThaw(await storageStates(bucketName(), objects), 'Standard');
    if (thaw.objects > 0) return thaw;
  }
  return undefined;
}

export const handler = taskHandler(PlanRestoreTestInput, planAndOpen);
