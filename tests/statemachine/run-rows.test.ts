import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { claimSource } from '../../aws/claims.ts';
import { dynamo } from '../../aws/clients.ts';
import { closeFailedWork, type FailedEnd } from '../../aws/close-work.ts';
import { tableName } from '../../aws/environment.ts';
import { beginAttempt, findRow, findRun, getRun, recordOutcome, renewClaim } from '../../aws/run-store.ts';
import type { Failure } from '../../core/errors.ts';
import { activeKey, runKey } from '../../core/keys.ts';
import type { Outcome, RunRow } from '../../core/run-record.ts';
import type { WorkRow } from '../../core/work-row.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { FORGOTTEN, startGuardsWorld } from './guards-world.ts';

const keep = stopAfterTests();
beforeAll(async () => {
  await startGuardsWorld(keep);
});

const STARTED_AT = '2025-11-21T02:30:11.000Z';
const FINISHED_AT = '2025-11-21T02:41:40.000Z';
const FAILURE = { code: 'DumpFailed', message: 'exit code 1' } as const;
const PROGRESS = {
  phase: 'dumping',
  database: 'orders',
  databasesDone: 0,
  databasesDue: 1,
  bytesUploaded: 5,
  at: STARTED_AT,
} as const;

let runs = 0;
/** The row of a run as PlanBackup makes it, not yet in the table. */
let row: RunRow;
beforeEach(() => {
  const id = { source: `source-${++runs}`, run: 'run-1', startedAt: STARTED_AT };
  row = { ...runKey(id), ...id, executionArn: FORGOTTEN, trigger: 'manual', label: null, status: 'running' };
});

async function stored(more: Partial<RunRow> = {}): Promise<void> {
  row = { ...row, ...more };
  await dynamo().send(new PutCommand({ TableName: tableName(), Item: row }));
}

function close(status: FailedEnd['status'], failure: Failure = FAILURE): Promise<WorkRow> {
  return closeFailedWork({ kind: 'backup', ...row }, { status, failure, finishedAt: FINISHED_AT });
}

function outcome(attempt: number): Outcome {
  return { attempt, startedAt: STARTED_AT, finishedAt: FINISHED_AT, failure: null, server: null, databases: [] };
}

describe('closing a run that failed', () => {
  it('closes its row and gives its source free', async () => {
    await stored();
    await claimSource(row);
    const closed = await close('failed');
    expect(closed).toMatchObject({ status: 'failed', failure: FAILURE, finishedAt: FINISHED_AT });
    expect(await findRow(activeKey(row.source))).toBeUndefined();
  });

  it('makes a row for one that never had any', async () => {
    await close('failed');
    expect(await getRun(row)).toMatchObject({ source: row.source, status: 'failed', failure: FAILURE });
  });

  it.each(['succeeded', 'failed', 'aborted'] as const)('changes nothing of one that has %s', async (status) => {
    await stored({ status });
    const closed = await close('aborted', { code: 'Cancelled', message: 'late' });
    expect(closed).toEqual(row);
  });

  it('leaves a source that another run has claimed meanwhile', async () => {
    await stored();
    await claimSource({ ...row, run: 'run-2', executionArn: `${FORGOTTEN}-2` });
    await close('failed');
    expect(await findRow(activeKey(row.source))).toMatchObject({ run: 'run-2' });
  });
});

describe('a worker', () => {
  beforeEach(async () => {
    await stored();
    await claimSource(row);
  });

  it('that begins fences off the one before it', async () => {
    expect(await beginAttempt(row)).toBe(1);
    expect(await renewClaim(row, 1, PROGRESS)).toBe('held');
    expect(await beginAttempt(row)).toBe(2);
    expect(await renewClaim(row, 1, PROGRESS)).toBe('refused');
    expect(await renewClaim(row, 2, PROGRESS)).toBe('held');
    expect(await findRow(activeKey(row.source))).toMatchObject({ progress: PROGRESS, attempt: 2 });
  });

  it('whose run was closed may neither begin nor go on', async () => {
    await beginAttempt(row);
    await close('aborted');
    expect(await renewClaim(row, 1, PROGRESS)).toBe('refused');
    await expect(beginAttempt(row)).rejects.toMatchObject({ name: 'Cancelled' });
  });

  it('whose source another run owns may neither begin nor go on', async () => {
    await beginAttempt(row);
    const other = { ...row, run: 'run-2', executionArn: `${FORGOTTEN}-2` };
    await claimSource(other);
    expect(await renewClaim(row, 1, PROGRESS)).toBe('refused');
    await expect(beginAttempt(row)).rejects.toMatchObject({ name: 'Cancelled' });
    expect(await beginAttempt(other)).toBe(1);
  });

  it('records its outcome, but not over that of a later one', async () => {
    expect(await recordOutcome(row, outcome(2))).toBe(true);
    expect(await recordOutcome(row, outcome(1))).toBe(false);
    expect((await getRun(row)).outcome).toEqual(outcome(2));
  });

  it('records nothing in a run that is closed', async () => {
    await close('aborted');
    expect(await recordOutcome(row, outcome(1))).toBe(false);
    expect(await getRun(row)).not.toHaveProperty('outcome');
  });
});

describe('a row that is not there', () => {
  it('is undefined, or a bug where it must be there', async () => {
    expect(await findRun(row)).toBeUndefined();
    await expect(getRun(row)).rejects.toMatchObject({
      name: 'UnexpectedError',
      message: `no row ${row.pk} / ${row.sk} in table holdfast`,
    });
  });
});
