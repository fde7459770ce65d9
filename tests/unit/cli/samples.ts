/** What the command line shows, for tests that change what they are about. */
import { describeRun, type RunDetails, type RunDocument } from '../../../cli/documents.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { Progress, RunRow } from '../../../core/run-record.ts';
import { databaseDump, FINISHED_AT, runRow, SNAPSHOT, STARTED_AT } from '../core/run-samples.ts';

export function progressOf(more: Partial<Progress> = {}): Progress {
  return {
    phase: 'dumping',
    database: 'orders',
    databasesDone: 1,
    databasesDue: 2,
    bytesUploaded: 36_909_875,
    at: '2025-11-21T02:30:41.000Z',
    ...more,
  };
}

export const VERIFIED: RunRow = runRow({
  run: 'orders-20251121-023011-a1b2',
  status: 'succeeded',
  verdict: 'verified',
  label: 'before 4.2',
  trigger: 'cli',
  finishedAt: FINISHED_AT,
  server: { version: '17.5' },
  snapshot: SNAPSHOT,
  dumps: [
    databaseDump('orders'),
    databaseDump('billing', {
      totals: { tables: 1234, rows: 5_678_901, sequences: 0, largeObjects: 2 },
      warnings: ['there are circular foreign-key constraints\non table: node'],
    }),
  ],
  verification: { at: FINISHED_AT, by: 'VerifyDump', objects: 4 },
});

export const PARTIAL: RunRow = {
  ...VERIFIED,
  status: 'failed',
  verdict: 'partial',
  label: null,
  snapshot: null,
  dumps: [databaseDump('orders')],
  failedDatabases: [
    { database: 'billing', failure: { code: 'DumpFailed', message: 'pg_dump exited with 1: no space left' } },
    { database: 'audit', failure: { code: 'DatabaseNotFound', message: 'no database audit on the server' } },
  ],
  failure: { code: 'DumpFailed', message: 'pg_dump exited with 1: no space left' },
};

export const REFUSED: RunRow = runRow({
  source: '-',
  status: 'failed',
  trigger: 'manual',
  finishedAt: STARTED_AT,
  failure: { code: 'SourceNotFound', message: 'no source is named "Ordres" (configured: orders)' },
});

export const ABORTED: RunRow = runRow({
  status: 'aborted',
  finishedAt: FINISHED_AT,
  failure: { code: 'Cancelled', message: 'the execution was stopped from outside' },
});

export const SNAPSHOT_ONLY: RunRow = runRow({
  status: 'succeeded',
  verdict: 'snapshot-only',
  finishedAt: FINISHED_AT,
  snapshot: SNAPSHOT,
});

/** The document of a row, with a manifest whose commands name the database, as far as the row has dumps. */
export const REMARK = { by: 'ann@laptop', why: 'moved to the archive', at: FINISHED_AT };

export const SUSPECT: RunRow = {
  ...VERIFIED,
  status: 'failed',
  verdict: 'suspect',
  failure: { code: 'Suspect', message: 'database orders: 1 table lost all rows: public.orders (had 1,234 rows)' },
};

/** What retention has left of a verified run. */
export const REMOVED: RunRow = {
  ...runRow({ run: VERIFIED.run, status: 'succeeded', finishedAt: FINISHED_AT }),
  deletedAt: '2026-01-02T09:17:05.000Z',
  deletedVerdict: 'verified',
  removalReasons: ['older than 2y'],
};

/** Archives have been moved, the rest is where it was. */
export function storageClassesOf(run: RunRow): ReadonlyMap<string, string> {
  const objects = (run.dumps ?? []).flatMap((dump) => dump.objects);
  return new Map(objects.map(({ key, role }) => [key, role === 'archive' ? 'GLACIER' : 'STANDARD']));
}

export function documentOf(run: RunRow, more: Partial<RunDetails> = {}): RunDocument {
  const dumps = (run.dumps ?? []).map((dump) => ({ ...dump, restore: [`restore ${dump.database}`, 'then this'] }));
  const manifest = { dumps } as unknown as Manifest;
  const storageClasses = storageClassesOf(run);
  return describeRun({ run, bucket: 'holdfast-prod-bucket', manifest, progress: undefined, storageClasses, ...more });
}
