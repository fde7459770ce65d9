/** What `--json` prints about restores, restore tests and verifications; the rules are those of documents.ts. */
import { toRestoreEvent, type RestoreEvent } from '../core/restore-event.ts';
import type { Difference, RestoredDatabase, RestoringRow } from '../core/restore-record.ts';
import type { PlannedRestore } from '../core/restore-steps.ts';
import { consoleLink } from './documents.ts';
import { withHint, type Problem } from './problem.ts';

/** `holdfast restore --json` and `holdfast restore-test --json`; after a failure it also has `error`. */
export interface RestoreDocument extends Omit<RestoreEvent, 'format' | 'outcome' | 'failure' | 'databases'> {
  /** `planned`: a dry run; `running`: nobody waited for it. */
  readonly status: 'planned' | RestoringRow['status'];
  readonly databases: readonly RestoredDocument[];
  /** Of a dry run: what would be done, how long a thaw takes and what it costs. */
  readonly plan: PlannedRestore | null;
}

export interface RestoredDocument {
  readonly database: string;
  readonly failure: Problem | null;
  readonly seconds: number | null;
  readonly indexSeconds: number | null;
  readonly bytesRead: number;
  readonly tables: number | null;
  readonly rows: number | null;
  /** What is legally not as it was. */
  readonly differences: readonly Difference[];
  readonly differencesOmitted: number;
}

export function describeRestoring(row: RestoringRow): RestoreDocument {
  const { format, outcome, failure, databases, ...event } = toRestoreEvent(row, 'succeeded');
  return {
    ...event,
    console: consoleLink(row.executionArn),
    status: row.status,
    databases: restoredOf(row).map(describeDatabase),
    plan: null,
  };
}

function restoredOf(row: RestoringRow): readonly RestoredDatabase[] {
  if (row.kind === 'restore-test') return row.outcome?.databases ?? [];
  return row.outcome?.restored ? [row.outcome.restored] : [];
}

function describeDatabase(restored: RestoredDatabase): RestoredDocument {
  const { database, failure, timings, bytesRead, compared, differences, differencesOmitted } = restored;
  return {
    database,
    failure: failure && withHint(failure),
    seconds: timings?.totalSeconds ?? null,
    indexSeconds: timings?.indexSeconds ?? null,
    bytesRead,
    tables: compared?.tables ?? null,
    rows: compared?.rows ?? null,
    differences,
    differencesOmitted,
  };
}

/** `holdfast verify --json`; where something is wrong it also has `error`. */
export interface VerifyDocument {
  readonly run: string;
  readonly source: string;
  readonly objects: readonly VerifiedObject[];
  readonly bytesRead: number;
}

export interface VerifiedObject {
  readonly database: string;
  readonly role: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** null: every byte is as it was recorded. */
  readonly problem: Problem | null;
}
