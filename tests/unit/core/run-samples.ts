/** Values of a run as its states make them, for tests that change what they are about. */
import type { DatabaseDump, Snapshot, StoredObject } from '../../../core/manifest.ts';
import type { DatabaseOutcome, DumpPlan, Outcome, RunRow } from '../../../core/run-record.ts';
import type { DumpPart, SnapshotPart } from '../../../core/steps.ts';

export const STARTED_AT = '2025-11-21T02:30:11.000Z';
export const FINISHED_AT = '2025-11-21T02:41:40.000Z';

export function storedObject(key: string, more: Partial<StoredObject> = {}): StoredObject {
  return {
    role: 'archive',
    key,
    versionId: 'v1',
    sizeBytes: 1000,
    sha256: 'ab'.repeat(32),
    checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' },
    ...more,
  };
}

export function databaseDump(database: string, more: Partial<DatabaseDump> = {}): DatabaseDump {
  return {
    database,
    client: 'pg_dump 17.11',
    snapshotAt: STARTED_AT,
    encoding: 'UTF8',
    collation: 'C',
    ctype: 'C',
    localeProvider: 'libc',
    locale: null,
    warnings: [],
    objects: [storedObject(`${database}.dump`), storedObject(`${database}.roles.sql`, { role: 'roles' })],
    totals: { tables: 3, rows: 9, sequences: 1, largeObjects: 0 },
    ...more,
  };
}

export function dumped(database: string, more: Partial<DatabaseDump> = {}): DatabaseOutcome {
  return { status: 'dumped', ...databaseDump(database, more) };
}

export function notDumped(database: string): DatabaseOutcome {
  return {
    status: 'failed',
    database,
    failure: { code: 'DumpFailed', message: `pg_dump of ${database} exited with 1` },
  };
}

export function outcomeOf(...databases: readonly DatabaseOutcome[]): Outcome {
  return {
    attempt: 1,
    startedAt: STARTED_AT,
    finishedAt: FINISHED_AT,
    failure: null,
    server: { version: '17.5' },
    databases: [...databases],
  };
}

export function planOf(...databases: readonly string[]): DumpPlan {
  return {
    connection: { secret: 'prod/orders', auth: 'password', sslMode: 'verify-full' },
    databases: [...databases],
    dump: {
      jobs: 'auto',
      compression: 'zstd:1',
      excludeTables: [],
      excludeTableData: [],
      evidence: 'counts',
      onBlockedDdl: 'warn',
      extraArgs: [],
    },
    deadline: '2025-11-21T08:30:11.000Z',
  };
}

export const SNAPSHOT: Snapshot = {
  kind: 'instance',
  identifier: 'hf-orders-20251121-023011',
  arn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:hf-orders-20251121-023011',
  status: 'available',
  sizeGiB: 20,
  kmsKey: null,
};

export const SKIPPED = { status: 'skipped' } as const;

export const SNAPSHOT_AVAILABLE: SnapshotPart = { status: 'available', snapshot: SNAPSHOT };

export const SNAPSHOT_FAILED: SnapshotPart = {
  status: 'failed',
  error: 'SnapshotTimeout',
  cause: JSON.stringify({ errorType: 'SnapshotTimeout', errorMessage: 'snapshot hf-x is still creating', trace: [] }),
};

export const DUMP_FAILED: DumpPart = {
  status: 'failed',
  error: 'WorkerDied',
  cause: JSON.stringify({ errorType: 'WorkerDied', errorMessage: 'the worker left no outcome', trace: [] }),
};

export function dumpVerified(more: Partial<Extract<DumpPart, { status: 'verified' }>['verified']> = {}): DumpPart {
  return {
    status: 'verified',
    verified: { attempt: 1, at: FINISHED_AT, objects: 2, mismatches: [], suspicions: [], versionIds: {}, ...more },
  };
}

export function runRow(more: Partial<RunRow> = {}): RunRow {
  return {
    pk: 'SOURCE#orders',
    sk: `RUN#${STARTED_AT}#run-1`,
    source: 'orders',
    run: 'run-1',
    executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-backup:run-1',
    startedAt: STARTED_AT,
    trigger: 'schedule',
    status: 'running',
    label: null,
    ...more,
  };
}
