/** Which databases of a run have no dump. */
import type { DatabaseFailure, RunRow } from './run-record.ts';

/** From the verdict where there is one; a run without any good part was never judged, but its worker may have reported. */
export function failedDatabasesOf({ failedDatabases, outcome }: RunRow): readonly DatabaseFailure[] {
  if (failedDatabases) return failedDatabases;
  const databases = outcome?.databases ?? [];
  return databases.flatMap((entry) =>
    entry.status === 'failed' ? [{ database: entry.database, failure: entry.failure }] : [],
  );
}
