/**
 * What a run leaves in the table, and what its steps hand to one another there. The worker reads its plan from the
 * run's row and writes its outcome into it; payloads of the state machine carry only keys and totals.
 */
import * as z from 'zod';
import { Connection, Dump } from './config/schema.ts';
import { SizeGate } from './config/size-gate.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { DatabaseDump, Manifest, VERDICTS } from './manifest.ts';
import { TRIGGERS } from './run-input.ts';

export const Failure = z.object({
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
});

/** A database that was due and has no verified dump. */
export const DatabaseFailure = z.object({ database: z.string(), failure: Failure });
export type DatabaseFailure = z.infer<typeof DatabaseFailure>;

/** What the worker is to dump. No secret is in here: `connection.secret` is a name. */
export const DumpPlan = z.object({
  connection: Connection,
  /** Names, or exactly ["*"]; absent: the connection's database. */
  databases: z.array(z.string()).min(1).optional(),
  dump: Dump,
  /** Absent: the dump is compared with nothing. */
  sizeGate: SizeGate.optional(),
  /** RDS instance or cluster to ask for an endpoint where neither connection nor secret names a host. */
  rds: z.object({ kind: z.enum(['instance', 'cluster']), identifier: z.string() }).optional(),
  /** After this moment the worker gives up with DeadlineExceeded. ISO-8601 UTC. */
  deadline: z.iso.datetime(),
  /** A dump of which nothing moves for so long ends with DumpStalled. */
  stallAfterMs: z.int().positive().optional(),
});
export type DumpPlan = z.infer<typeof DumpPlan>;

/** What became of one database: its dump, committed in S3, or why there is none. */
export const DatabaseOutcome = z.discriminatedUnion('status', [
  DatabaseDump.extend({ status: z.literal('dumped') }),
  DatabaseFailure.extend({ status: z.literal('failed') }),
]);
export type DatabaseOutcome = z.infer<typeof DatabaseOutcome>;

/** What the worker writes about itself before it exits, good or bad. Without it the dump failed. */
export const Outcome = z.object({
  attempt: z.int().positive(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** Why nothing could be dumped at all; null when each database has its own answer. */
  failure: Failure.nullable(),
  server: z.object({ version: z.string() }).nullable(),
  /** Every database that was due, in the order of the plan. */
  databases: z.array(DatabaseOutcome),
});
export type Outcome = z.infer<typeof Outcome>;

/** Progress of a worker, renewed with its claim. */
export const Progress = z.object({
  phase: z.enum(['connecting', 'dumping', 'committing']),
  database: z.string().nullable(),
  databasesDone: z.int().nonnegative(),
  databasesDue: z.int().nonnegative(),
  bytesUploaded: z.int().nonnegative(),
  /** Of the current database; its large objects count as one table. */
  tablesDone: z.int().nonnegative().optional(),
  /** Absent until every archive has said what will be in it. */
  tablesDue: z.int().nonnegative().optional(),
  /** Of the upload, over the last half a minute. */
  bytesPerSecond: z.int().nonnegative().optional(),
  /** Until the current database is dumped; absent where nothing can be foretold. */
  secondsLeft: z.int().nonnegative().optional(),
  at: z.iso.datetime(),
});
export type Progress = z.infer<typeof Progress>;

/** The row ACTIVE of a source: at most one run may hold it. */
export const ActiveRow = z.looseObject({
  owner: z.string().describe("the execution's ARN"),
  run: z.string(),
  startedAt: z.iso.datetime(),
  /** Attempt of the worker that may commit; a newer attempt fences an older one off. 0: no worker yet. */
  attempt: z.int().nonnegative(),
  progress: Progress.optional(),
});
export type ActiveRow = z.infer<typeof ActiveRow>;

/** What a person has said of a point, and may say again. */
const Remark = z.object({ by: z.string(), why: z.string(), at: z.iso.datetime() });
export type Remark = z.infer<typeof Remark>;

export const RUN_STATUSES = ['running', 'succeeded', 'failed', 'aborted'] as const;

/** The row of a run. Once it is closed (status other than running) nothing may change its verdict. */
export const RunRow = Manifest.omit({ dumps: true })
  .partial()
  .extend({
    pk: z.string(),
    sk: z.string(),
    source: z.string(),
    run: z.string(),
    executionArn: z.string(),
    startedAt: z.iso.datetime(),
    trigger: z.enum(TRIGGERS),
    status: z.enum(RUN_STATUSES),
    label: z.string().nullable(),
    plan: DumpPlan.optional(),
    outcome: Outcome.optional(),
    failure: Failure.optional(),
    dumps: z.array(DatabaseDump).optional(),
    failedDatabases: z.array(DatabaseFailure).optional(),
    /** When the message about the end went out; the backstop publishes for runs without it. */
    notifiedAt: z.iso.datetime().optional(),
    /** Nothing of it is removed while this is there. */
    hold: Remark.optional(),
    /** A person vouches for a dump that is suspect: it counts as verified. */
    accepted: Remark.optional(),
    /** ARNs of the executions that are restoring from it. */
    restores: z.set(z.string()).optional(),
    /** Since when its objects, and maybe its snapshot, are being removed. */
    deleting: z.iso.datetime().optional(),
    /** Since when its snapshot is being removed while its dump stays. */
    snapshotDeleting: z.iso.datetime().optional(),
    snapshotDeletedAt: z.iso.datetime().optional(),
    /** Its snapshot has outlived its objects. */
    dumpDeletedAt: z.iso.datetime().optional(),
    /** Nothing of it is left but this row. */
    deletedAt: z.iso.datetime().optional(),
    /** The verdict that it had before its dump was removed. */
    deletedVerdict: z.enum(VERDICTS).optional(),
    /** Why retention removed something of it. */
    removalReasons: z.array(z.string()).optional(),
  });
export type RunRow = z.infer<typeof RunRow>;
