/**
 * What restores and restore tests leave in the table, and what their steps hand to one another there. As with a dump,
 * the worker reads its plan from the row and writes its outcome into it; the outcome decides. No secret is in here.
 */
import * as z from 'zod';
import { Connection, RestoreTarget } from './config/connection.ts';
import { RestoreCheck } from './config/restore-test.ts';
import { DatabaseDump, RESTORE_TEST_RESULTS, RestoreTestCheck } from './manifest.ts';
import { TRIGGERS } from './run-input.ts';
import { Failure, RUN_STATUSES } from './run-record.ts';
import { THAW_TIERS } from './thaw.ts';

const Count = z.int().nonnegative();
const Seconds = z.number().nonnegative();
const Timestamp = z.iso.datetime();

/** The recovery point: the row of the run that left it, whose `dumps` say what is to be read and what it must be. */
export const PointRef = z.object({
  pk: z.string(),
  sk: z.string(),
  source: z.string(),
  run: z.string(),
  startedAt: Timestamp,
});
export type PointRef = z.infer<typeof PointRef>;

export const ROLE_CHOICES = ['create', 'skip'] as const;

/**
 * Where a restore goes. Each key comes from `given`, else from the secret of `given`, else from `fallback`: the
 * connection of the source, which lends its login only where `given` names no secret, and its address only where
 * neither `given` nor its secret has one.
 */
export const RestoreDestination = z.object({
  /** Name in `restoreTargets`; null: the input said where. */
  name: z.string().nullable(),
  given: z.object(RestoreTarget.shape),
  fallback: Connection,
  /** RDS instance or cluster of the source, asked for an address where none of the above has one. */
  rds: z.object({ kind: z.enum(['instance', 'cluster']), identifier: z.string() }).optional(),
});
export type RestoreDestination = z.infer<typeof RestoreDestination>;

/** What is restored of one database, and how. */
export const RestoreScope = z.object({
  /** As it is named in the recovery point. */
  database: z.string().min(1),
  /** Name on the target; null: the secret's dbname, else the name it had. It is made where it does not exist. */
  toDatabase: z.string().min(1).nullable(),
  /** `schema.table`, quoted as in SQL where needed; both lists empty: the whole database. */
  tables: z.array(z.string()),
  schemas: z.array(z.string()),
  roles: z.enum(ROLE_CHOICES),
  allowNotEmpty: z.boolean(),
});
export type RestoreScope = z.infer<typeof RestoreScope>;

export const RestorePlan = RestoreScope.extend({
  point: PointRef,
  to: RestoreDestination,
  /** Absent: nothing has to be thawed. */
  thaw: z.object({ tier: z.enum(THAW_TIERS), summary: z.string() }).optional(),
  /** After this moment the worker gives up with DeadlineExceeded. */
  deadline: Timestamp,
});
export type RestorePlan = z.infer<typeof RestorePlan>;

/** A restore test restores every database of the point. */
export const RestoreTestPlan = z.object({
  point: PointRef,
  checks: z.array(RestoreCheck),
  /** The database that a check without one asks. */
  firstDatabase: z.string().min(1),
  /** Target for the recovery time; to miss it is said, and is no failure. */
  rtoSeconds: Seconds.nullable(),
  deadline: Timestamp,
});
export type RestoreTestPlan = z.infer<typeof RestoreTestPlan>;

/**
 * A restore from a laptop, as the command hands it to the worker's engine, on stdin as JSON. The target is what libpq's
 * environment names; the objects are read from HOLDFAST_BUCKET with the caller's own credentials.
 */
export const LocalRestore = RestoreScope.extend({
  source: z.string(),
  run: z.string(),
  serverVersion: z.string().nullable(),
  dump: DatabaseDump,
});
export type LocalRestore = z.infer<typeof LocalRestore>;

/** Something that is legally not as it was: a materialized view that was computed anew, a comment that RDS forbids. */
export const Difference = z.object({
  kind: z.string().describe('what sort of difference, from a fixed list of the engine'),
  object: z.string().describe('what differs, as a person names it; in a row all that differs so, or the first of it'),
  detail: z.string().describe('how, and why that is allowed'),
});
export type Difference = z.infer<typeof Difference>;

/** Kinds of what is not there: the dump does not have it, or the restore does not bring it. */
export const LEFT_OUT_AT_DUMP = 'left out at the dump';
export const LEFT_OUT = 'left out';
export const WITHOUT_ROWS = 'without rows';

/** The kind of what the target had, and still has. */
export const KEPT = 'kept as it is';

/** The kind of what came back, and that nobody can say to be as it was. */
export const NOT_COMPARED = 'not compared';

/** What was compared with the evidence, found equal unless a failure says otherwise. */
export const Comparison = z.object({
  tables: Count,
  rows: Count,
  sequences: Count,
  largeObjects: Count,
  /** Of the canonical text of everything that was compared; hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Comparison = z.infer<typeof Comparison>;

/** Where the time went; phases that overlap may sum up to more than the total. */
export const RestoreTimings = z.object({
  totalSeconds: Seconds,
  /** Rows: fetching, checking and COPY. */
  dataSeconds: Seconds,
  /** Indexes, constraints and triggers. */
  indexSeconds: Seconds,
  analyzeSeconds: Seconds,
  compareSeconds: Seconds,
});
export type RestoreTimings = z.infer<typeof RestoreTimings>;

export const RestoredDatabase = z.object({
  /** Name in the recovery point. */
  database: z.string(),
  failure: Failure.nullable(),
  timings: RestoreTimings.nullable(),
  bytesRead: Count,
  /** null: it did not come that far. */
  compared: Comparison.nullable(),
  /** In a row one for each reason, see `rowDifferences`; the worker's log names every object. */
  differences: z.array(Difference),
  differencesOmitted: Count,
});
export type RestoredDatabase = z.infer<typeof RestoredDatabase>;

const WorkerEnd = z.object({
  attempt: z.int().positive(),
  startedAt: Timestamp,
  finishedAt: Timestamp,
  failure: Failure.nullable(),
  /** Of the target; null: it was not reached. */
  server: z.object({ version: z.string() }).nullable(),
});

/** What the worker writes about a restore before it exits, good or bad. Without it the restore failed. */
export const RestoreOutcome = WorkerEnd.extend({
  client: z.string().nullable().describe('such as "pg_restore 17.11"'),
  /** Where it went; null: it was not resolved. */
  target: z.object({ host: z.string(), port: z.int(), user: z.string(), database: z.string() }).nullable(),
  /** Whether the database was made by this restore. */
  databaseCreated: z.boolean(),
  rolesCreated: z.array(z.string()),
  /** `untouched`: left as found; `partial`: something was written, and not all; `complete`: all was written. */
  targetState: z.enum(['untouched', 'partial', 'complete']),
  restored: RestoredDatabase.nullable(),
});
export type RestoreOutcome = z.infer<typeof RestoreOutcome>;

/** What the worker writes about a restore test. `failure` null: passed; Untestable: neither passed nor failed. */
export const RestoreTestOutcome = WorkerEnd.extend({
  /** The recovery time: from the first byte read until the last database can be used; null: it was not reached. */
  seconds: Seconds.nullable(),
  /** Of all databases together; null: not everything was compared. */
  comparedSha256: z.string().nullable(),
  databases: z.array(RestoredDatabase),
  checks: z.array(RestoreTestCheck),
});
export type RestoreTestOutcome = z.infer<typeof RestoreTestOutcome>;

export const RESTORE_PHASES = ['preparing', 'restoring', 'indexing', 'analyzing', 'comparing', 'checking'] as const;

export const RestoreProgress = z.object({
  phase: z.enum(RESTORE_PHASES),
  database: z.string().nullable(),
  databasesDone: Count,
  databasesDue: Count,
  bytesRead: Count,
  bytesDue: Count,
  at: Timestamp,
});
export type RestoreProgress = z.infer<typeof RestoreProgress>;

/** Both rows carry their own claim: `owner` is there while they are open, and closing them takes it away. */
const RowBase = z.object({
  pk: z.string(),
  sk: z.string(),
  source: z.string(),
  /** Name of the execution. */
  run: z.string(),
  executionArn: z.string(),
  startedAt: Timestamp,
  trigger: z.enum(TRIGGERS),
  status: z.enum(RUN_STATUSES),
  /** The execution's ARN while the row is open; a worker whose renewal finds another or none must end. */
  owner: z.string().optional(),
  /** Attempt of the worker that may write; 0: no worker yet. */
  attempt: Count,
  progress: RestoreProgress.optional(),
  failure: Failure.optional(),
  finishedAt: Timestamp.optional(),
  notifiedAt: Timestamp.optional(),
});

export const RestoreRow = RowBase.extend({
  kind: z.literal('restore'),
  plan: RestorePlan.optional(),
  outcome: RestoreOutcome.optional(),
});
export type RestoreRow = z.infer<typeof RestoreRow>;

export const RestoreTestRow = RowBase.extend({
  kind: z.literal('restore-test'),
  plan: RestoreTestPlan.optional(),
  outcome: RestoreTestOutcome.optional(),
});
export type RestoreTestRow = z.infer<typeof RestoreTestRow>;

export type RestoringRow = RestoreRow | RestoreTestRow;

/** The row TESTED of a source: one for each source that was ever tested. */
export const TestedRow = z.looseObject({
  /** Name of the execution of the last test, and of the run that left the point that it tested. */
  run: z.string(),
  point: z.string(),
  at: Timestamp,
  outcome: z.enum(RESTORE_TEST_RESULTS),
  seconds: Seconds.nullable(),
  rtoSeconds: Seconds.nullable(),
  /** When a test last passed, this one or one before; absent: none ever did. */
  passedAt: Timestamp.optional(),
});
export type TestedRow = z.infer<typeof TestedRow>;
