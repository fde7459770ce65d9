/** A whole run: all databases of its source, one after another, and the outcome that the machine decides by. */
import { getRun } from '../aws/run-store.ts';
import { ERRORS, HoldfastError, toFailure, type ErrorCode } from '../core/errors.ts';
import { objectKey, type RowKey } from '../core/keys.ts';
import { jobsMax } from '../core/postgres/plan-archives.ts';
import type { DatabaseOutcome, DumpPlan, Outcome, RunRow } from '../core/run-record.ts';
import { workOnClaim, type Claim } from './claimed-work.ts';
import type { DumpContext } from './dump-context.ts';
import { dumpDatabase } from './dump-database.ts';
import { log } from './log.ts';
import { createPartPool } from './part-pool.ts';
import { findClient } from './postgres/clients.ts';
import { inspectServer } from './postgres/databases.ts';
import { resolveServer } from './postgres/server.ts';
import { ProgressMeter } from './progress.ts';
import { STALL_AFTER_MS } from './watchdog.ts';

/** Of all databases together. */
const WARNINGS_MAX = 60;
/** Of the names that a database's objects have. */
const LONGEST_FILE = 'evidence.json.gz';

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
  const progress = new ProgressMeter();
  const ended = await workOnClaim(
    run,
    plan.deadline,
    progress,
    options.cancel,
    (claim) => dumpAll(options, run, plan, claim, progress),
    (result, times): Outcome => ({ ...times, ...result }),
  );
  const code = firstError(ended);
  log(code === undefined ? 'info' : 'error', 'dump ended', {
    outcome: code ?? 'dumped',
    failures: failuresOf(ended),
  });
  return code === undefined ? 0 : ERRORS[code].exit;
}

type Result = Pick<Outcome, 'failure' | 'server' | 'databases'>;

async function dumpAll(
  options: DumpRunOptions,
  run: RunRow,
  plan: DumpPlan,
  { attempt, applicationName, signal, confirm }: Claim,
  progress: ProgressMeter,
): Promise<Result> {
  log('info', 'dump started', { source: run.source, run: run.run, attempt });
  let server: Result['server'] = null;
  try {
    signal.throwIfAborted();
    const connection = await resolveServer(plan, options.certificatesDirectory, signal);
    try {
      const facts = await inspectServer(connection, plan.databases, { applicationName, signal });
      server = { version: facts.version };
      const context: DumpContext = {
        server: connection,
        client: await findClient(options.pgRoot, facts.major, facts.version),
        dump: plan.dump,
        jobsMax: jobsMax(facts.databases.map((database) => objectKey(run, database, attempt, LONGEST_FILE))),
        bucket: options.bucket,
        applicationName,
        pool: createPartPool(),
        progress,
        stallAfterMs: plan.stallAfterMs ?? STALL_AFTER_MS,
        signal,
        keyOf: (database, file) => objectKey(run, database, attempt, file),
        confirmOpen: confirm,
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

function failuresOf(outcome: Result): unknown[] {
  const ofDatabases = outcome.databases.flatMap((database) =>
    database.status === 'failed' ? [{ database: database.database, ...database.failure }] : [],
  );
  return outcome.failure ? [outcome.failure, ...ofDatabases] : ofDatabases;
}

function firstError(outcome: Result): ErrorCode | undefined {
  const failed = outcome.databases.find((database) => database.status === 'failed');
  return outcome.failure?.code ?? failed?.failure.code;
}
