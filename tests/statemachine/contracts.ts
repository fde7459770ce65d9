/** What each state's function expects of its event: the contracts of core/steps.ts by the state's name. */
import type { ZodType } from 'zod';
import {
  CheckThawInput,
  CollectRestoreInput,
  CollectRestoreTestInput,
  PlanRestoreInput,
  PlanRestoreTestInput,
  ThawObjectsInput,
} from '../../core/restore-steps.ts';
import {
  CheckSnapshotInput,
  CollectDumpInput,
  CreateSnapshotInput,
  PlanBackupInput,
  PublishFailureInput,
  PublishStartedInput,
  PublishSuccessInput,
  RecordFailureInput,
  RecordManifestInput,
  VerifyDumpInput,
} from '../../core/steps.ts';
import { WORKER_STATE } from './definition.ts';
import type { Call } from './machine-under-test.ts';

const CONTRACTS: Readonly<Record<string, ZodType>> = {
  PlanBackup: PlanBackupInput,
  PublishStarted: PublishStartedInput,
  CreateSnapshot: CreateSnapshotInput,
  CheckSnapshot: CheckSnapshotInput,
  CollectDump: CollectDumpInput,
  VerifyDump: VerifyDumpInput,
  RecordManifest: RecordManifestInput,
  PublishSuccess: PublishSuccessInput,
  RecordFailure: RecordFailureInput,
  PublishFailure: PublishFailureInput,
  PlanRestore: PlanRestoreInput,
  ThawObjects: ThawObjectsInput,
  CheckThaw: CheckThawInput,
  CollectRestore: CollectRestoreInput,
  PlanRestoreTest: PlanRestoreTestInput,
  CollectRestoreTest: CollectRestoreTestInput,
};

/** Calls whose payload is not what the function of that state accepts; the worker has no payload. */
export function brokenContracts(calls: readonly Call[]): string[] {
  return calls.flatMap(({ state, event }) => {
    if (Object.values<string>(WORKER_STATE).includes(state)) return [];
    const contract = CONTRACTS[state];
    const { error } = contract?.safeParse(event) ?? { error: `${state} has no contract` };
    return error === undefined ? [] : [`${state}: ${String(error)}`];
  });
}
