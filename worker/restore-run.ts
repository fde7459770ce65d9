/** A restore of one database, as its row plans it or as a command hands it over. */
import { text } from 'node:stream/consumers';
import { findRestore, getRun } from '../aws/run-store.ts';
import { ERRORS, HoldfastError, toFailure, type Failure } from '../core/errors.ts';
import { groupDifferences } from '../core/group-differences.ts';
import type { RowKey } from '../core/keys.ts';
import type { DatabaseDump } from '../core/manifest.ts';
import {
  LocalRestore,
  type RestoreOutcome,
  type RestorePlan,
  type RestoreRow,
  type RestoreScope,
} from '../core/restore-record.ts';
import { workOnClaim } from './claimed-work.ts';
import { log } from './log.ts';
import { environmentDestination, resolveDestination, type Destination } from './postgres/restore/destination.ts';
import { restoreDatabase } from './postgres/restore/restore-database.ts';
import { recordDifferences } from './record-differences.ts';
import { RestoreProgressMeter } from './restore-progress.ts';

export interface RestoreOptions {
  readonly bucket: string;
  /** `<pgRoot>/<major>/bin/pg_restore`. */
  readonly pgRoot: string;
  /** Where rds-ca.pem is. */
  readonly certificatesDirectory: string;
  /** Aborting it with a HoldfastError ends the restore with that error. */
  readonly cancel: AbortController;
}

type Result = Omit<RestoreOutcome, 'attempt' | 'startedAt' | 'finishedAt'>;

const PROGRESS_LINE_MS = 1_000;

/**
 * Restores what the row plans and records the outcome.
 * @returns the exit code: 0, or that of the error
 * @throws Cancelled when the row is not open, UnexpectedError when it has no plan
 */
export async function restoreRun(key: RowKey, options: RestoreOptions): Promise<number> {
  const row = await findRestore(key);
  if (row?.plan === undefined) throw new HoldfastError('UnexpectedError', `${key.pk} / ${key.sk} plans no restore`);
  const { plan } = row;
  const progress = new RestoreProgressMeter();
  log('info', 'restore started', { source: row.source, run: row.run, point: plan.point.run });
  const result = await workOnClaim(
    row,
    plan.deadline,
    progress,
    options.cancel,
    ({ applicationName }) => restorePlanned(row, plan, applicationName, options, progress),
    (ended, times) => ({ ...ended, ...times }),
  );
  const { failure } = result;
  log(failure === null ? 'info' : 'error', 'restore ended', { outcome: failure?.code ?? 'restored', failure });
  return exitCodeOf(result);
}

async function restorePlanned(
  row: RestoreRow,
  plan: RestorePlan,
  applicationName: string,
  options: RestoreOptions,
  progress: RestoreProgressMeter,
): Promise<Result> {
  const resolve = (): Promise<Destination> =>
    resolveDestination(plan.to, options.certificatesDirectory, options.cancel.signal);
  const find = async (): Promise<DatabaseDump> => dumpOf(plan, (await getRun(plan.point)).dumps ?? []);
  const result = await restoreScope(plan, { resolve, find, applicationName, restore: row.run, options, progress });
  return { ...result, restored: result.restored && recordDifferences(result.restored, 1) };
}

function dumpOf({ database, point }: RestorePlan, dumps: readonly DatabaseDump[]): DatabaseDump {
  const dump = dumps.find((one) => one.database === database);
  if (dump) return dump;
  const names = dumps.map((one) => one.database).join(', ');
  throw new HoldfastError(
    'RecoveryPointNotFound',
    `run ${point.run} has no dump of database ${database} (it has: ${names})`,
  );
}

/**
 * Restores what stdin says, to where libpq's environment points. Progress goes to stdout, one JSON object a line, and
 * at last the outcome.
 * @returns the exit code: 0, or that of the error
 */
export async function restoreLocally(options: RestoreOptions): Promise<number> {
  const local = LocalRestore.parse(JSON.parse(await text(process.stdin)));
  const progress = new RestoreProgressMeter();
  const timer = setInterval(() => {
    printLine({ progress: progress.read() });
  }, PROGRESS_LINE_MS);
  const startedAt = new Date().toISOString();
  const result = await restoreScope(local, {
    resolve: () => Promise.resolve(environmentDestination()),
    find: () => Promise.resolve(local.dump),
    applicationName: `holdfast restore ${process.pid}`,
    restore: local.run,
    options,
    progress,
  });
  clearInterval(timer);
  const { restored } = result;
  const outcome: RestoreOutcome = {
    attempt: 1,
    startedAt,
    finishedAt: new Date().toISOString(),
    ...result,
    // Nobody keeps a log of it: every object is named here.
    restored: restored && { ...restored, differences: groupDifferences(restored.differences, Infinity) },
  };
  printLine({ outcome });
  return exitCodeOf(result);
}

function printLine(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

interface ScopeContext {
  readonly resolve: () => Promise<Destination>;
  readonly find: () => Promise<DatabaseDump>;
  readonly applicationName: string;
  readonly restore: string;
  readonly options: RestoreOptions;
  readonly progress: RestoreProgressMeter;
}

/** Ends in a value. */
async function restoreScope(scope: RestoreScope, context: ScopeContext): Promise<Result> {
  const { options, progress } = context;
  const { signal } = options.cancel;
  let result: Result = UNTOUCHED;
  try {
    signal.throwIfAborted();
    const dump = await context.find();
    progress.update({ database: dump.database, databasesDue: 1, bytesDue: bytesOf(dump) });
    const { server, secretDatabase } = await context.resolve();
    const database = scope.toDatabase ?? secretDatabase ?? scope.database;
    const { host, port, user } = server;
    result = { ...UNTOUCHED, target: { host, port, user, database } };
    try {
      const report = await restoreDatabase(
        {
          ...options,
          server,
          applicationName: context.applicationName,
          restore: context.restore,
          signal,
          onPhase: (phase) => {
            progress.update({ phase });
          },
          onRead: (sizeBytes) => {
            progress.addBytes(sizeBytes);
          },
        },
        { dump, database, selection: scope, roles: scope.roles, allowNotEmpty: scope.allowNotEmpty },
      );
      return { ...result, ...report, failure: report.restored.failure };
    } finally {
      server.certificates.dispose();
    }
  } catch (error) {
    return { ...result, failure: toFailure(signal.aborted ? signal.reason : error) };
  }
}

const UNTOUCHED: Result = {
  failure: null,
  server: null,
  client: null,
  target: null,
  databaseCreated: false,
  rolesCreated: [],
  targetState: 'untouched',
  restored: null,
};

/** What is read to restore all of it. */
function bytesOf({ objects }: DatabaseDump): number {
  return objects.reduce(
    (sum, { role, sizeBytes }) => (role === 'archive' || role === 'data' ? sum + sizeBytes : sum),
    0,
  );
}

function exitCodeOf({ failure }: { readonly failure: Failure | null }): number {
  return failure === null ? 0 : ERRORS[failure.code].exit;
}
