/**
 * What the states of the backup machine hand to one another: keys and totals, never lists of tables. The shapes are
 * named after the states in statemachine/backup.asl.json.
 */
import * as z from 'zod';
import type { Failure as FailureValue } from './errors.ts';
import { Snapshot, VERDICTS } from './manifest.ts';
import { DatabaseFailure, Failure } from './run-record.ts';

/** What Step Functions knows of the execution, before anything is known of its source. */
export const Execution = z.object({
  executionArn: z.string().min(1),
  run: z.string().min(1),
  startedAt: z.iso.datetime({ offset: true }).transform((time) => new Date(time).toISOString()),
  /** The execution's input as it was given; it may be anything. */
  input: z.unknown(),
});
export type Execution = z.infer<typeof Execution>;

export const RdsTarget = z.object({ kind: z.enum(['instance', 'cluster']), identifier: z.string() });
export type RdsTarget = z.infer<typeof RdsTarget>;

export const RunRef = z.object({
  source: z.string(),
  run: z.string(),
  startedAt: z.iso.datetime(),
  executionArn: z.string(),
  pk: z.string(),
  sk: z.string(),
});
export type RunRef = z.infer<typeof RunRef>;

export const PlanBackupInput = Execution;

/** Size and place of the Fargate task, in ECS's own spelling. */
export interface TaskSize {
  readonly cpu: string;
  readonly memory: string;
  readonly diskGiB: number;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}

/** Result of PlanBackup; the machine keeps it as the variable `run`. */
export interface PlannedRun extends RunRef {
  /** ARN of the execution that has done, or is doing, this slot; then nothing else happens. */
  readonly duplicateOf: string | null;
  /** Its name as the value of a tag. */
  readonly runTag: string;
  readonly include: { readonly snapshot: boolean; readonly dump: boolean };
  readonly rds: RdsTarget | null;
  readonly deadline: string;
  readonly task: TaskSize;
}

export const PublishStartedInput = RunRef;

export const CreateSnapshotInput = RunRef.extend({ rds: RdsTarget });

export const CheckSnapshotInput = RunRef.extend({
  kind: z.enum(['instance', 'cluster']),
  identifier: z.string(),
  deadline: z.iso.datetime(),
});

/** Result of CreateSnapshot and CheckSnapshot. `busy`: RDS would not take the order yet. */
export interface SnapshotProgress {
  readonly status: 'busy' | 'creating' | 'available';
  readonly waitSeconds: number;
  readonly kind: 'instance' | 'cluster';
  readonly identifier: string;
  readonly snapshot: Snapshot | null;
}

/** `$states.errorOutput` of a task; absent when it ended well. */
export const TaskError = z.object({ Error: z.string(), Cause: z.string() });
export type TaskError = z.infer<typeof TaskError>;

export const CollectDumpInput = RunRef.extend({ taskError: TaskError.optional() });

export interface CollectedDump {
  readonly databasesDumped: number;
  readonly databasesFailed: number;
  /** Why uploads of failed databases may still be open. */
  readonly uploadsLeft: string | null;
}

export const VerifyDumpInput = RunRef;

/** Result of VerifyDump. Only what differs from the outcome is listed. */
export const VerifiedDump = z.object({
  /** Of the worker whose outcome was verified: another one's is not. */
  attempt: z.int().positive(),
  at: z.iso.datetime(),
  objects: z.int().positive(),
  mismatches: z.array(DatabaseFailure),
  /** Dumps that are whole, but much smaller than usual. */
  suspicions: z.array(DatabaseFailure),
  /** Versions of objects whose completion was never answered, by key. */
  versionIds: z.record(z.string(), z.string()),
});
export type VerifiedDump = z.infer<typeof VerifiedDump>;

const FailedPart = z.object({ status: z.literal('failed'), error: z.string(), cause: z.string() });
const SkippedPart = z.object({ status: z.literal('skipped') });

export const SnapshotPart = z.discriminatedUnion('status', [
  SkippedPart,
  FailedPart,
  z.object({ status: z.literal('available'), snapshot: Snapshot }),
]);
export type SnapshotPart = z.infer<typeof SnapshotPart>;

export const DumpPart = z.discriminatedUnion('status', [
  SkippedPart,
  FailedPart,
  z.object({ status: z.literal('verified'), verified: VerifiedDump }),
]);
export type DumpPart = z.infer<typeof DumpPart>;

export const RecordManifestInput = RunRef.extend({
  /** The output of the machine's Parallel state: one value for each branch, in the order of its branches. */
  parts: z.tuple([SnapshotPart, DumpPart]),
  finishedAt: z.iso.datetime({ offset: true }).transform((time) => new Date(time).toISOString()),
});
export type RecordManifestInput = z.infer<typeof RecordManifestInput>;

export const RecordedManifest = z.object({ verdict: z.enum(VERDICTS), failure: Failure.nullable() });
export type RecordedManifest = z.infer<typeof RecordedManifest>;

export const PublishSuccessInput = RunRef;

/** A failure as a Catch sees it. */
export const RecordFailureInput = Execution.extend({ error: z.string(), cause: z.string() });

export interface RecordedFailure {
  readonly failure: FailureValue;
}

export const PublishFailureInput = Execution.extend({ failure: Failure });
