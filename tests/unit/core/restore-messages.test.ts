import { describe, expect, it, test } from '@jest/globals';
import { composeRestoreMessage } from '../../../core/restore-messages.ts';
import { NOT_COMPARED, type RestoringRow } from '../../../core/restore-record.ts';
import { failureOfTest, restoreTestEntry } from '../../../core/restore-test-entry.ts';
import { restored, restoreRow, testOutcome, testRow } from './restore-samples.ts';

const NOW = new Date('2025-11-21T03:00:00.000Z');
const FAILURE = { code: 'RestoreFailed', message: 'CREATE INDEX item_n failed: no space left on device' } as const;
const MISMATCH = { code: 'RestoreMismatch', message: 'public.item has 8 rows, 9 were dumped' } as const;
const DIFFERENCE = {
  kind: 'materialized-view',
  object: 'public.totals',
  detail: 'computed anew from the restored tables',
};

function thawing(): RestoringRow {
  const { plan, ...row } = restoreRow(null, { status: 'running', finishedAt: undefined });
  const summary = '2 archived objects, 200.0 GiB: thawing takes up to 12 h and costs about $3.77';
  return { ...row, ...(plan && { plan: { ...plan, thaw: { tier: 'Standard', summary } } }) };
}

/** One message of each kind. The golden file shows them as a person gets them. */
const KINDS: Readonly<Record<string, RestoringRow>> = {
  'a restore that began': restoreRow(null, { status: 'running', finishedAt: undefined }),
  'a restore that waits for a thaw': thawing(),
  'a restore that succeeded': restoreRow({ restored: restored({ differences: [DIFFERENCE], differencesOmitted: 3 }) }),
  'a restore that was refused': restoreRow(null, {
    status: 'failed',
    plan: undefined,
    failure: { code: 'RecoveryPointNotFound', message: 'source orders has no verified recovery point' },
  }),
  'a restore that failed half-way': restoreRow(
    {
      failure: FAILURE,
      targetState: 'partial',
      restored: restored({ failure: FAILURE, compared: null, timings: null }),
    },
    { status: 'failed', failure: FAILURE },
  ),
  'a restore whose worker left nothing': restoreRow(null, {
    status: 'failed',
    failure: { code: 'WorkerDied', message: 'the worker left no outcome: exit code 137 (out of memory, or killed)' },
  }),
  'a test that passed': testRow(testOutcome()),
  'a test that passed too slowly': testRow(testOutcome({ seconds: 3700 })),
  'a test that failed': testRow(
    testOutcome({ failure: MISMATCH, comparedSha256: null, databases: [restored({ failure: MISMATCH })], checks: [] }),
    { status: 'failed', failure: MISMATCH },
  ),
  'a test of a point that is archived': testRow(null, {
    status: 'failed',
    plan: undefined,
    failure: { code: 'Untestable', message: 'recovery point orders-20 is archived' },
  }),
  'a test that could not be made': testRow(null, {
    status: 'failed',
    failure: { code: 'Untestable', message: 'the image has no extension postgis' },
  }),
};

test.each(Object.entries(KINDS))('%s', (_title, row) => {
  const { subject, text, json, attributes } = composeRestoreMessage({ row, now: NOW });
  expect(`${subject}\n\n${text}`).toMatchSnapshot();
  expect(subject).toMatch(/^\[holdfast\] (STARTED|SUCCEEDED|FAILED) orders: [\x20-\x7e]+$/);
  expect(subject.length).toBeLessThan(100);
  expect(attributes).toEqual({ source: 'orders', kind: row.kind, outcome: json.outcome });
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
});

it.each([
  restoreRow({ restored: restored({ differences: [{ ...DIFFERENCE, kind: NOT_COMPARED }] }) }),
  testRow(testOutcome({ databases: [restored({ differences: [{ ...DIFFERENCE, kind: NOT_COMPARED }] })] })),
])('does not call equal what nobody could compare', (row) => {
  const { text } = composeRestoreMessage({ row, now: NOW });
  expect(text).toMatch(/ NOT all of it could be compared/);
  expect(text).not.toMatch(/\bequal\b/);
});

it('says where every object is named, where it does not name all', () => {
  const textOf = (object: string, differencesOmitted = 0): string =>
    composeRestoreMessage({
      row: restoreRow({ restored: restored({ differences: [{ ...DIFFERENCE, object }], differencesOmitted }) }),
      now: NOW,
    }).text;
  expect(textOf('TABLE a, TABLE b')).not.toContain("worker's log");
  expect(textOf('TABLE a, TABLE b and 20 more')).toMatch(/ and 20 more: .*\n *The worker's log names every object\.\n/);
  expect(textOf('TABLE a', 2)).toMatch(/ and 2 more\n *The worker's log names every object\.\n/);
});

it('says nothing of how to log in anywhere', () => {
  const said = JSON.stringify(Object.values(KINDS).map((row) => composeRestoreMessage({ row, now: NOW })));
  expect(said).not.toMatch(/staging\/restore|prod\/orders/);
});

describe('what a test amounts to', () => {
  it.each([
    ['a database that failed', testOutcome({ databases: [restored({ failure: MISMATCH })] }), 'RestoreMismatch'],
    ['a check that failed', testOutcome({ checks: [{ name: 'c', passed: false, got: '0' }] }), 'RestoreMismatch'],
    [
      'a database that was compared with nothing',
      testOutcome({ databases: [restored({ compared: null })] }),
      'UnexpectedError',
    ],
    ['no database at all', testOutcome({ databases: [] }), 'UnexpectedError'],
    ['nothing compared', testOutcome({ comparedSha256: null }), 'UnexpectedError'],
  ])('with %s is a failure, although the worker names none', (_title, outcome, code) => {
    expect(failureOfTest(outcome)).toMatchObject({ code });
  });

  it.each([
    [null, 'passed'],
    [MISMATCH, 'failed'],
    [{ code: 'Untestable', message: 'no postgis' } as const, 'untestable'],
  ])('%j is recorded as %s', (failure, outcome) => {
    const row = testRow(testOutcome());
    if (!row.plan) throw new Error('the sample has no plan');
    expect(restoreTestEntry(row, row.plan, failure, NOW.toISOString())).toMatchObject({
      run: 'r1',
      outcome,
      seconds: 754,
      rtoSeconds: 3600,
      by: row.executionArn,
      failure,
    });
  });
});
