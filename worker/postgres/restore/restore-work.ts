/** What a restore of one database has done so far, and what is told of it. */
import type { Failure } from '../../../core/errors.ts';
import type {
  Comparison,
  Difference,
  RestoredDatabase,
  RestoreOutcome,
  RestoreTimings,
} from '../../../core/restore-record.ts';
import type { RestoreContext, RestoreRequest } from './prepare-restore.ts';
import { nothingBorrowed, type Borrowed } from './roles.ts';

export type Target = Pick<RestoreOutcome, 'client' | 'server' | 'databaseCreated' | 'rolesCreated' | 'targetState'>;

export interface Work {
  readonly context: RestoreContext;
  readonly request: RestoreRequest;
  readonly target: Target;
  readonly seconds: RestoreTimings;
  readonly differences: Difference[];
  readonly mismatches: string[];
  /** Oid of the database that it made. */
  made: string | undefined;
  readonly borrowed: Borrowed;
  bytesRead: number;
  compared: Comparison | null;
}

export function beginWork(context: RestoreContext, request: RestoreRequest): Work {
  const work: Work = {
    context: {
      ...context,
      onRead: (sizeBytes) => {
        work.bytesRead += sizeBytes;
        context.onRead(sizeBytes);
      },
    },
    request,
    target: { client: null, server: null, databaseCreated: false, rolesCreated: [], targetState: 'untouched' },
    seconds: { totalSeconds: 0, dataSeconds: 0, indexSeconds: 0, analyzeSeconds: 0, compareSeconds: 0 },
    differences: [],
    mismatches: [],
    made: undefined,
    borrowed: nothingBorrowed(),
    bytesRead: 0,
    compared: null,
  };
  return work;
}

export function restoredOf(
  { request, seconds, differences, bytesRead, compared }: Work,
  failure: Failure | null,
): RestoredDatabase {
  return {
    database: request.dump.database,
    failure,
    timings: failure === null || compared !== null ? seconds : null,
    bytesRead,
    compared,
    differences,
    differencesOmitted: 0,
  };
}

export async function timed<Result>(
  { seconds }: Work,
  phase: keyof RestoreTimings,
  work: () => Promise<Result>,
): Promise<Result> {
  const startedMs = Date.now();
  try {
    return await work();
  } finally {
    seconds[phase] += (Date.now() - startedMs) / 1000;
  }
}
