/** A restore test: every database of a recovery point into a throwaway server, compared, asked, and timed. */
import { createHash } from 'node:crypto';
import { findRestoreTest, getRun } from '../aws/run-store.ts';
import { ERRORS, HoldfastError, toFailure } from '../core/errors.ts';
import type { RowKey } from '../core/keys.ts';
import type { RestoreTestCheck } from '../core/manifest.ts';
import type { RestoredDatabase, RestoreTestOutcome, RestoreTestPlan, RestoreTestRow } from '../core/restore-record.ts';
import type { RunRow } from '../core/run-record.ts';
import { workOnClaim, type Claim } from './claimed-work.ts';
import { log } from './log.ts';
import { restoreDatabase } from './postgres/restore/restore-database.ts';
import { runChecks } from './postgres/restore/run-checks.ts';
import { judgeFullDisk, requireDisk } from './postgres/restore/throwaway-disk.ts';
import { startThrowawayServer } from './postgres/restore/throwaway-server.ts';
import type { Server } from './postgres/server.ts';
import { recordDifferences } from './record-differences.ts';
import { RestoreProgressMeter } from './restore-progress.ts';
import type { RestoreOptions } from './restore-run.ts';

type Result = Omit<RestoreTestOutcome, 'attempt' | 'startedAt' | 'finishedAt'>;

interface Test {
  readonly row: RestoreTestRow;
  readonly plan: RestoreTestPlan;
  readonly point: RunRow;
  readonly claim: Claim;
  readonly options: RestoreOptions;
  readonly progress: RestoreProgressMeter;
}

/**
 * Tests the recovery point that the row names and records the outcome.
 * @returns the exit code: 0, or that of the first error
 * @throws Cancelled when the row is not open, UnexpectedError when it has no plan
 */
export async function restoreTestRun(key: RowKey, options: RestoreOptions): Promise<number> {
  const row = await findRestoreTest(key);
  if (row?.plan === undefined)
    throw new HoldfastError('UnexpectedError', `${key.pk} / ${key.sk} plans no restore test`);
  const { plan } = row;
  const progress = new RestoreProgressMeter();
  log('info', 'restore test started', { source: row.source, run: row.run, point: plan.point.run });
  const { failure } = await workOnClaim(
    row,
    plan.deadline,
    progress,
    options.cancel,
    async (claim) => testPoint({ row, plan, point: await getRun(plan.point), claim, options, progress }),
    (ended, times) => ({ ...ended, ...times }),
  );
  log(failure === null ? 'info' : 'error', 'restore test ended', { outcome: failure?.code ?? 'passed', failure });
  return failure === null ? 0 : ERRORS[failure.code].exit;
}

/** Ends in a value. */
async function testPoint(test: Test): Promise<Result> {
  const { signal } = test.claim;
  const result: Result = {
    failure: null,
    server: null,
    seconds: null,
    comparedSha256: null,
    databases: [],
    checks: [],
  };
  try {
    const version = test.point.server?.version;
    if (version === undefined) throw new HoldfastError('RecoveryPointNotFound', `run ${test.point.run} has no dump`);
    await requireDisk(test.point.dumps ?? []);
    const throwaway = await startThrowawayServer(test.options.pgRoot, Number.parseInt(version, 10));
    try {
      return await testOn(throwaway.server, test, result);
    } finally {
      await throwaway.stop();
    }
  } catch (error) {
    return { ...result, failure: judgeFullDisk(toFailure(signal.aborted ? signal.reason : error)) };
  }
}

async function testOn(server: Server, test: Test, result: Result): Promise<Result> {
  const startedMs = Date.now();
  const restored = await restoreAll(server, test);
  const seconds = (Date.now() - startedMs) / 1000;
  const databases = restored.map((report) => recordDifferences(report.restored, restored.length));
  const found = { ...result, server: restored[0]?.server ?? null, databases };
  const failure = databases.find((one) => one.failure !== null)?.failure;
  if (failure) return { ...found, failure: judgeFullDisk(failure) };
  test.progress.update({ phase: 'checking' });
  const { plan, claim } = test;
  const { applicationName, signal } = claim;
  const checks = await runChecks(plan.checks, {
    server,
    applicationName,
    signal,
    firstDatabase: plan.firstDatabase,
    deadline: plan.deadline,
  });
  return { ...found, seconds, comparedSha256: comparedOf(databases), checks, failure: failureOf(checks) };
}

async function restoreAll(server: Server, test: Test): Promise<Awaited<ReturnType<typeof restoreDatabase>>[]> {
  const { row, point, claim, options, progress } = test;
  const dumps = point.dumps ?? [];
  const bytesDue = dumps.flatMap(({ objects }) => objects).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  progress.update({ databasesDue: dumps.length, bytesDue });
  const reports: Awaited<ReturnType<typeof restoreDatabase>>[] = [];
  for (const dump of dumps) {
    progress.update({ database: dump.database, databasesDone: reports.length });
    const report = await restoreDatabase(
      {
        ...options,
        server,
        applicationName: claim.applicationName,
        restore: row.run,
        signal: claim.signal,
        onPhase: (phase) => {
          progress.update({ phase });
        },
        onRead: (sizeBytes) => {
          progress.addBytes(sizeBytes);
        },
      },
      {
        dump,
        database: dump.database,
        selection: { schemas: [], tables: [] },
        roles: 'create',
        allowNotEmpty: false,
        throwaway: true,
      },
    );
    reports.push(report);
    if (report.restored.failure !== null) break;
  }
  return reports;
}

/** One hash over those of all databases, in the order of the manifest. */
function comparedOf(databases: readonly RestoredDatabase[]): string {
  const hashes = databases.map(({ compared }) => compared?.sha256 ?? '');
  const [only, ...others] = hashes;
  return others.length === 0 && only !== undefined
    ? only
    : createHash('sha256').update(hashes.join('\n')).digest('hex');
}

function failureOf(checks: readonly RestoreTestCheck[]): Result['failure'] {
  const failed = checks.filter(({ passed }) => !passed).map(({ name, got }) => `"${name}" (got ${got ?? 'null'})`);
  if (failed.length === 0) return null;
  return {
    code: 'RestoreMismatch',
    message: `checks of the source failed on the restored database: ${failed.join(', ')}`,
  };
}
