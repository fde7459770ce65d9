/** What a restore test adds to the record of its recovery point. */
import type { Failure } from './errors.ts';
import type { RestoreTestEntry } from './manifest.ts';
import type { RestoreTestOutcome, RestoreTestPlan, RestoreTestRow } from './restore-record.ts';

/** Why a test did not pass; null: it passed. What is not said to have been compared was not. */
export function failureOfTest({ failure, databases, checks, comparedSha256 }: RestoreTestOutcome): Failure | null {
  const failed = failure ?? databases.find((database) => database.failure)?.failure;
  if (failed) return failed;
  const check = checks.find(({ passed }) => !passed);
  if (check) {
    return { code: 'RestoreMismatch', message: `check "${check.name}" failed: it returned ${check.got ?? 'null'}` };
  }
  const isCompared = comparedSha256 !== null && databases.length > 0 && databases.every(({ compared }) => compared);
  if (isCompared) return null;
  return { code: 'UnexpectedError', message: 'the worker reported neither a failure nor that everything was compared' };
}

/**
 * @param failure why it did not pass, also where the worker left no outcome; null: it passed
 * @param at when it ended, ISO-8601 UTC
 */
export function restoreTestEntry(
  { run, executionArn, outcome }: RestoreTestRow,
  { rtoSeconds }: RestoreTestPlan,
  failure: Failure | null,
  at: string,
): RestoreTestEntry {
  return {
    run,
    at,
    outcome: failure === null ? 'passed' : failure.code === 'Untestable' ? 'untestable' : 'failed',
    seconds: outcome?.seconds ?? null,
    rtoSeconds,
    comparedSha256: outcome?.comparedSha256 ?? null,
    by: executionArn,
    failure: failure && { ...failure },
    checks: outcome?.checks ?? [],
  };
}
