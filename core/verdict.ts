/** What a run amounts to, from what became of its parts. */
import { failureOfStep, type Failure } from './errors.ts';
import type { DatabaseDump, Verdict } from './manifest.ts';
import type { DatabaseFailure, DumpPlan, Outcome } from './run-record.ts';
import type { DumpPart, SnapshotPart, VerifiedDump } from './steps.ts';

export interface Judgement {
  /** null: no part is good, there is nothing to record a manifest of. */
  readonly verdict: Verdict | null;
  /** The first failed part, the dump before the snapshot; null for a success. */
  readonly failure: Failure | null;
  /** The dumps that a second party has verified. */
  readonly dumps: readonly DatabaseDump[];
  /** Databases that were due and have no verified dump. */
  readonly failedDatabases: readonly DatabaseFailure[];
}

/**
 * Judges a finished run. A run is good only if every part that was due is good, and a dump only if every database that
 * was due was dumped and verified.
 */
export function judge(
  snapshot: SnapshotPart,
  reportedDump: DumpPart,
  plan: DumpPlan | undefined,
  outcome: Outcome | undefined,
): Judgement {
  const dump = ofSameAttempt(reportedDump, outcome);
  const dumps = dump.status === 'verified' ? verifiedDumps(outcome, dump.verified) : [];
  const failedDatabases = databaseFailures(dump, plan, outcome);
  const failure =
    (dump.status === 'failed' ? failureOfPart(dump) : failedDatabases[0]?.failure) ??
    (snapshot.status === 'failed' ? failureOfPart(snapshot) : null);
  const anyGood = dumps.length > 0 || snapshot.status === 'available';
  if (failure) return { verdict: anyGood ? 'partial' : null, failure, dumps, failedDatabases };
  if (dumps.length > 0) {
    const suspicion = dump.status === 'verified' ? failureOfSuspicions(dump.verified) : null;
    return { verdict: suspicion ? 'suspect' : 'verified', failure: suspicion, dumps, failedDatabases };
  }
  if (dump.status === 'skipped' && snapshot.status === 'available') {
    return { verdict: 'snapshot-only', failure: null, dumps, failedDatabases };
  }
  return { verdict: null, failure: unexpected('no part of the run is good'), dumps, failedDatabases };
}

function verifiedDumps(outcome: Outcome | undefined, { mismatches, versionIds }: VerifiedDump): DatabaseDump[] {
  const bad = new Set(mismatches.map(({ database }) => database));
  return (outcome?.databases ?? []).flatMap((database) => {
    if (database.status !== 'dumped' || bad.has(database.database)) return [];
    const { status, ...dump } = database;
    const objects = dump.objects.map((object) => ({
      ...object,
      versionId: object.versionId ?? versionIds[object.key] ?? null,
    }));
    return [{ ...dump, objects }];
  });
}

/** A worker that forgets a database must not pass: what was due is asked of the plan too, not only of the worker. */
function databaseFailures(dump: DumpPart, plan: DumpPlan | undefined, outcome: Outcome | undefined): DatabaseFailure[] {
  if (dump.status === 'skipped') return [];
  const reported = outcome?.databases ?? [];
  const failed = reported.flatMap((entry) =>
    entry.status === 'failed' ? [{ database: entry.database, failure: entry.failure }] : [],
  );
  if (dump.status === 'failed') return failed;
  const names = new Set(reported.map(({ database }) => database));
  const forgotten = (plan?.databases ?? []).filter((database) => database !== '*' && !names.has(database));
  return [
    ...failed,
    ...dump.verified.mismatches,
    ...forgotten.map((database) => ({
      database,
      failure: unexpected(`the worker reported nothing about database ${database}`),
    })),
  ];
}

function failureOfSuspicions({ suspicions }: VerifiedDump): Failure | null {
  if (suspicions.length === 0) return null;
  const reasons = suspicions.map(({ database, failure }) => `database ${database}: ${failure.message}`);
  return { code: 'Suspect', message: reasons.join('; ') };
}

/** What another worker has written since the verification is verified by nobody. */
function ofSameAttempt(dump: DumpPart, outcome: Outcome | undefined): DumpPart {
  if (dump.status !== 'verified' || outcome?.attempt === dump.verified.attempt) return dump;
  const cause = `attempt ${dump.verified.attempt} of the worker was verified, the outcome is another one's`;
  return { status: 'failed', error: 'UnexpectedError', cause };
}

function unexpected(message: string): Failure {
  return { code: 'UnexpectedError', message };
}

function failureOfPart(part: { readonly error: string; readonly cause: string }): Failure {
  return failureOfStep(part.error, part.cause);
}
