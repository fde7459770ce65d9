/** Recovery points and restores as their states make them, for tests that change what they are about. */
import { parseConfig } from '../../../core/config/parse.ts';
import type {
  RestoredDatabase,
  RestoreOutcome,
  RestoreRow,
  RestoreTestOutcome,
  RestoreTestRow,
} from '../../../core/restore-record.ts';
import type { RunRow } from '../../../core/run-record.ts';
import type { Execution } from '../../../core/steps.ts';
import { databaseDump, FINISHED_AT, runRow, STARTED_AT } from './run-samples.ts';

export const CONFIG = parseConfig(
  `
restoreTargets:
  staging: { secret: staging/restore, database: scratch }
  by-host: { host: db.staging, user: restorer, auth: iam }
sources:
  orders:
    rds: { instance: orders-prod }
    connection: { secret: prod/orders, sslMode: verify-full }
    databases: [orders, billing]
    worker: { cpu: 4096, memory: 8192, diskGiB: 50, timeout: 2h }
    restoreTest: { cron: "0 6 1 * ? *", rto: 1h, checks: [{ name: newest, sql: "select true", expect: true }] }
  ledger:
    connection: { secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/ledger-AbCdEf", host: db.ledger }
`,
  'holdfast.yml',
);

export function execution(machine: 'restore' | 'restore-test', input: unknown): Execution {
  return {
    executionArn: `arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-${machine}:r1`,
    run: 'r1',
    startedAt: '2025-11-22T10:00:00.000Z',
    input,
  };
}

/** A verified point of the day, with the databases `orders` and `billing`. */
export function pointOf(day: string, more: Partial<RunRow> = {}): RunRow {
  const startedAt = `2025-11-${day}T02:30:00.000Z`;
  const run = `orders-${day}`;
  const dumps = ['orders', 'billing'].map((database) =>
    databaseDump(database, { snapshotAt: `2025-11-${day}T02:31:00.000Z` }),
  );
  return runRow({
    sk: `RUN#${startedAt}#${run}`,
    run,
    startedAt,
    status: 'succeeded',
    verdict: 'verified',
    dumps,
    server: { version: '17.5' },
    ...more,
  });
}

/** As the table gives them: newest first, one after the other. */
export async function* newestFirst(...runs: readonly RunRow[]): AsyncGenerator<RunRow> {
  await Promise.resolve();
  yield* [...runs].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

export function restored(more: Partial<RestoredDatabase> = {}): RestoredDatabase {
  return {
    database: 'orders',
    failure: null,
    timings: { totalSeconds: 754, dataSeconds: 500, indexSeconds: 210, analyzeSeconds: 20, compareSeconds: 24 },
    bytesRead: 5_000_000_000,
    compared: { tables: 128, rows: 12_345_678, sequences: 9, largeObjects: 0, sha256: 'ab'.repeat(32) },
    differences: [],
    differencesOmitted: 0,
    ...more,
  };
}

const WORKER_END = {
  attempt: 1,
  startedAt: STARTED_AT,
  finishedAt: FINISHED_AT,
  failure: null,
  server: { version: '17.5' },
};

export function restoreRow(outcome: Partial<RestoreOutcome> | null, more: Partial<RestoreRow> = {}): RestoreRow {
  return {
    pk: 'SOURCE#orders',
    sk: `RESTORE#${STARTED_AT}#r1`,
    kind: 'restore',
    source: 'orders',
    run: 'r1',
    executionArn: execution('restore', null).executionArn,
    startedAt: STARTED_AT,
    trigger: 'cli',
    status: 'succeeded',
    finishedAt: FINISHED_AT,
    attempt: 1,
    plan: {
      point: { pk: 'SOURCE#orders', sk: 'RUN#x', source: 'orders', run: 'orders-20', startedAt: STARTED_AT },
      database: 'orders',
      toDatabase: null,
      tables: [],
      schemas: [],
      roles: 'create',
      allowNotEmpty: false,
      to: {
        name: 'staging',
        given: { secret: 'staging/restore' },
        fallback: { secret: 'prod/orders', auth: 'password', sslMode: 'verify-full' },
      },
      deadline: FINISHED_AT,
    },
    ...(outcome && {
      outcome: {
        ...WORKER_END,
        client: 'pg_restore 17.11',
        target: { host: 'db.staging', port: 5432, user: 'restorer', database: 'orders_copy' },
        databaseCreated: true,
        rolesCreated: [],
        targetState: 'complete',
        restored: restored(),
        ...outcome,
      },
    }),
    ...more,
  };
}

export function testOutcome(more: Partial<RestoreTestOutcome> = {}): RestoreTestOutcome {
  return {
    ...WORKER_END,
    seconds: 754,
    comparedSha256: 'ab'.repeat(32),
    databases: [restored()],
    checks: [{ name: 'newest order', passed: true, got: 'true' }],
    ...more,
  };
}

export function testRow(outcome: RestoreTestOutcome | null, more: Partial<RestoreTestRow> = {}): RestoreTestRow {
  const { plan, outcome: _outcome, kind: _kind, ...row } = restoreRow(null);
  return {
    ...row,
    sk: `TEST#${STARTED_AT}#r1`,
    kind: 'restore-test',
    executionArn: execution('restore-test', null).executionArn,
    trigger: 'schedule',
    ...(plan && {
      plan: { point: plan.point, checks: [], firstDatabase: 'orders', rtoSeconds: 3600, deadline: FINISHED_AT },
    }),
    ...(outcome && { outcome }),
    ...more,
  };
}
