/** A whole run: all databases of its source, one after another, and the outcome that the machine decides by. */
import { createHash } from 'node:crypto';
import { beginAttempt, getRun, recordOutcome } from '../aws/run-store.ts';
import { ERRORS, HoldfastError, toFailure, type ErrorCode } from '../core/errors.ts';
import { objectKey, type RowKey } from '../core/keys.ts';
import type { DatabaseOutcome, DumpPlan, Outcome, RunRow } from '../core/run-record.ts';
import { dumpDatabase, type DumpContext } from './dump-database.ts';
import { startLease, type Lease } from './lease.ts';
import { log } from './log.ts';
import { createPartPool } from './part-pool.ts';
import { findClient } from './postgres/clients.ts';
import { inspectServer } from './postgres/databases.ts';
import { resolveServer } from './postgres/server.ts';
import { ProgressMeter } from './progress.ts';
import { withRetries } from './retry.ts';

const RECORD_GIVE_UP_MS = 60_000;
const RECORD_ATTEMPT_MS = 20_000;
/** Of all databases together. */
const WARNINGS_MAX = 60;
/** What a timer of Node holds; a deadline further away is no deadline. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface DumpRunOptions {
  readonly key: RowKey;
  readonly bucket: string;
  /** `<pgRoot>/<major>/bin/pg_dump`. */
  readonly pgRoot: string;
  /** Where rds-ca.pem is. */
  readonly certificatesDirectory: string;
  /** Aborting it with a HoldfastError ends the run with that error. */
  readonly cancel: AbortController;
}

/**
 * Dumps, records the outcome, and leaves no process, session or upload behind.
 * @returns the exit code: 0, or that of the first error
 * @throws Cancelled when the run is not open, UnexpectedError when it has no plan or its outcome could not be recorded
 */
export async function dumpRun(options: DumpRunOptions): Promise<number> {
  const run = await getRun(options.key);
  const { plan } = run;
  if (plan === undefined) throw new HoldfastError('UnexpectedError', `run ${run.run} has no plan for a dump`);
  const attempt = await beginAttempt(run);
  const startedAt = new Date().toISOString();
  log('info', 'dump started', { source: run.source, run: run.run, attempt });

  const progress = new ProgressMeter();
  const lease = startLease(run, attempt, progress, (reason) => {
    options.cancel.abort(reason);
  });
  const deadline = abortAtDeadline(plan.deadline, options.cancel);
  const result = await dumpAll(options, { run, plan, attempt, progress, lease });
  clearTimeout(deadline);
  await lease.stop();

  const outcome: Outcome = { attempt, startedAt, finishedAt: new Date().toISOString(), ...result };
  const code = firstError(outcome);
  await record(run, outcome);
  log(code === undefined ? 'info' : 'error', 'dump ended', {
    outcome: code ?? 'dumped',
    failures: failuresOf(outcome),
  });
  return code === undefined ? 0 : ERRORS[code].exit;
}

interface RunningDump {
  readonly run: RunRow;
  readonly plan: DumpPlan;
  readonly attempt: number;
  readonly progress: ProgressMeter;
  readonly lease: Lease;
}

type Result = Pick<Outcome, 'failure' | 'server' | 'databases'>;

async function dumpAll(options: DumpRunOptions, running: RunningDump): Promise<Result> {
  const { run, plan, attempt, progress, lease } = running;
  const { signal } = options.cancel;
  const applicationName = applicationNameOf(run, attempt);
  let server: Result['server'] = null;
  try {
    signal.throwIfAborted();
    const connection = await resolveServer(plan, options.certificatesDirectory);
    try {
      const facts = await inspectServer(connection, plan.databases, { applicationName, signal });
      server = { version: facts.version };
      const context: DumpContext = {
        server: connection,
        client: await findClient(options.pgRoot, facts.major, facts.version),
        dump: plan.dump,
        bucket: options.bucket,
        applicationName,
        pool: createPartPool(),
        progress,
        signal,
        keyOf: (database, file) => objectKey(run, database, attempt, file),
        confirmOpen: () => lease.confirm(),
      };
      return { failure: null, server, databases: await dumpEach(context, facts.databases) };
    } finally {
      connection.certificates.dispose();
    }
  } catch (error) {
    return { failure: toFailure(signal.aborted ? signal.reason : error), server, databases: [] };
  }
}

async function dumpEach(context: DumpContext, databases: readonly string[]): Promise<DatabaseOutcome[]> {
  const outcomes: DatabaseOutcome[] = [];
  for (const database of databases) {
    context.progress.update({
      phase: 'dumping',
      database,
      databasesDone: outcomes.length,
      databasesDue: databases.length,
    });
    outcomes.push(
      context.signal.aborted
        ? { status: 'failed', database, failure: toFailure(context.signal.reason) }
        : await dumpDatabase(context, database),
    );
  }
  context.progress.update({ database: null, databasesDone: outcomes.length });
  return limitWarnings(outcomes);
}

/** A row of the table holds 400 KB, and the outcome of fifty databases has to fit. */
function limitWarnings(outcomes: readonly DatabaseOutcome[]): DatabaseOutcome[] {
  let left = WARNINGS_MAX;
  return outcomes.map((outcome) => {
    if (outcome.status === 'failed' || outcome.warnings.length <= left) {
      left -= outcome.status === 'failed' ? 0 : outcome.warnings.length;
      return outcome;
    }
    const omitted = outcome.warnings.length - left;
    const warnings = [
      ...outcome.warnings.slice(0, left),
      `${omitted} more warnings of pg_dump are in the worker's log`,
    ];
    left = 0;
    return { ...outcome, warnings };
  });
}

/** At most 63 bytes, as Postgres keeps; unique to this attempt, so that its sessions can be told from others. */
function applicationNameOf(run: RunRow, attempt: number): string {
  const id = createHash('sha256').update(`${run.executionArn}/${attempt}`).digest('hex').slice(0, 12);
  return `holdfast ${run.source} ${id}`.slice(-63);
}

function abortAtDeadline(deadline: string, cancel: AbortController): NodeJS.Timeout {
  const remainingMs = Math.max(0, Date.parse(deadline) - Date.now());
  return setTimeout(
    () => {
      cancel.abort(new HoldfastError('DeadlineExceeded', `the dump was not done at its deadline ${deadline}`));
    },
    Math.min(remainingMs, TIMER_MAX_MS),
  );
}

/** Without a record the run counts as failed, whatever this process knows. */
async function record(run: RunRow, outcome: Outcome): Promise<void> {
  const limits = { giveUpAfterMs: RECORD_GIVE_UP_MS, attemptTimeoutMs: RECORD_ATTEMPT_MS };
  const recorded = await withRetries(limits, (abortSignal) => recordOutcome(run, outcome, abortSignal));
  if (!recorded) throw new HoldfastError('Cancelled', `run ${run.run} was closed before its outcome was recorded`);
}

function failuresOf(outcome: Outcome): unknown[] {
  const ofDatabases = outcome.databases.flatMap((database) =>
    database.status === 'failed' ? [{ database: database.database, ...database.failure }] : [],
  );
  return outcome.failure ? [outcome.failure, ...ofDatabases] : ofDatabases;
}

function firstError(outcome: Outcome): ErrorCode | undefined {
  const failed = outcome.databases.find((database) => database.status === 'failed');
  return outcome.failure?.code ?? failed?.failure.code;
}
