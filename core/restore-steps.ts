/**
 * What the states of the machines `restore` and `restore-test` hand to one another: keys and totals. The shapes are named
 * after the states in statemachine/restore.asl.json and restore-test.asl.json; those that the backup machine has too are
 * in steps.ts.
 */
import type { Verdict } from './manifest.ts';
import { Execution, RunRef, TaskError, type TaskSize } from './steps.ts';
import type { ThawEstimate } from './thaw.ts';

export const PlanRestoreInput = Execution;

/** Result of PlanRestore, and the output of a dry run; the machine keeps it as the variable `run`. */
export interface PlannedRestore extends RunRef {
  /** Its name as the value of a tag. */
  readonly runTag: string;
  readonly dryRun: boolean;
  readonly point: {
    readonly run: string;
    readonly startedAt: string;
    /** The moment that the data is of. */
    readonly snapshotAt: string;
    readonly verdict: Verdict | null;
  };
  readonly database: string;
  /** Name of the restore target, else host or secret. */
  readonly to: string;
  readonly toDatabase: string | null;
  /** Of the objects that will be read. */
  readonly sizeBytes: number;
  readonly thaw: ThawEstimate & { readonly summary: string };
  readonly task: TaskSize;
}

export const ThawObjectsInput = RunRef;
export const CheckThawInput = RunRef;

/** Result of CheckThaw. */
export interface CheckedThaw {
  readonly objectsFrozen: number;
}

export const CollectRestoreInput = RunRef.extend({ taskError: TaskError.optional() });

/** Result of CollectRestore. */
export interface CollectedRestore {
  readonly database: string;
  readonly seconds: number;
  readonly tables: number;
  readonly rows: number;
  readonly differences: number;
}

export const PlanRestoreTestInput = Execution;

/** Result of PlanRestoreTest; the machine keeps it as the variable `run`. */
export interface PlannedRestoreTest extends RunRef {
  readonly duplicateOf: null;
  /** Its name as the value of a tag. */
  readonly runTag: string;
  readonly point: { readonly run: string; readonly startedAt: string };
  readonly task: TaskSize;
}

/** Result of PlanRestoreTest where another execution has done, or is doing, this slot; then nothing else happens. */
export interface DuplicateRestoreTest extends RunRef {
  /** ARN of the other execution. */
  readonly duplicateOf: string;
}

export const CollectRestoreTestInput = RunRef.extend({ taskError: TaskError.optional() });

/** Result of CollectRestoreTest. */
export interface CollectedRestoreTest {
  readonly seconds: number;
  readonly rtoExceeded: boolean;
  readonly checks: number;
}
