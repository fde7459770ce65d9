import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import { UNKNOWN_SOURCE } from '../../../core/keys.ts';
import type { MessageInput } from '../../../core/message-input.ts';
import { composeMessage } from '../../../core/messages.ts';
import { RunRow } from '../../../core/run-record.ts';
import { dumpOf, FINISHED_AT, runRow, SNAPSHOT, VERIFICATION } from './run-rows.ts';

const NOW = new Date('2025-11-21T01:42:00.000Z');
const LATEST = { run: '11aa-orders', startedAt: '2025-11-19T23:12:00.000Z', finishedAt: '2025-11-19T23:20:31.000Z' };

const input = (keys: Partial<RunRow>, latest: MessageInput['latest'] = LATEST): MessageInput => ({
  run: runRow(keys),
  latest,
  now: NOW,
  bucket: 'holdfast-prod-backups',
});

const failed = (code: ErrorCode, message: string, keys: Partial<RunRow> = {}): Partial<RunRow> => ({
  status: 'failed',
  finishedAt: FINISHED_AT,
  failure: { code, message },
  ...keys,
});

const authFailed = { code: 'AuthFailed' as const, message: 'password authentication failed for user "holdfast"' };

/** One message of each kind. The golden file shows them as a person gets them. */
const KINDS: Readonly<Record<string, MessageInput>> = {
  started: input({ trigger: 'cli', label: 'before 4.2' }),
  'succeeded, verified': input({
    status: 'succeeded',
    verdict: 'verified',
    finishedAt: FINISHED_AT,
    label: 'before 4.2',
    trigger: 'manual',
    server: { version: '17.5' },
    snapshot: SNAPSHOT,
    dumps: [
      dumpOf('orders', { warnings: ['warning: there are circular foreign-key constraints on this table: nodes'] }),
      dumpOf('billing', { totals: { tables: 1, rows: 1, sequences: 0, largeObjects: 3 } }),
    ],
    verification: VERIFICATION,
  }),
  'succeeded, snapshot only': input({
    status: 'succeeded',
    verdict: 'snapshot-only',
    finishedAt: FINISHED_AT,
    snapshot: SNAPSHOT,
    dumps: [],
  }),
  'failed, refused input': input(
    failed('InvalidInput', 'unknown key sorce (allowed: source, label, include, trigger)', {
      source: UNKNOWN_SOURCE,
      trigger: 'manual',
    }),
    null,
  ),
  'failed, another run is active': input(
    failed('RunInProgress', 'run 77cc-orders of orders is active since 2025-11-21T01:00:00.000Z', { trigger: 'ci' }),
  ),
  'failed, no good part': input(
    failed('DumpFailed', 'pg_dump exited with 1: pg_dump: error: query failed\npg_dump: detail: server closed'),
  ),
  'failed, no database could be dumped': input(
    failed('AuthFailed', authFailed.message, {
      outcome: {
        attempt: 1,
        startedAt: '2025-11-21T01:30:15.000Z',
        finishedAt: FINISHED_AT,
        failure: null,
        server: null,
        databases: ['orders', 'billing'].map((database) => ({ status: 'failed', database, failure: authFailed })),
      },
    }),
  ),
  'failed, nothing protects the data': input(failed('AuthFailed', authFailed.message), null),
  'failed, partial, a database is missing': input(
    failed('AuthFailed', authFailed.message, {
      verdict: 'partial',
      snapshot: SNAPSHOT,
      dumps: [dumpOf('orders')],
      verification: { ...VERIFICATION, objects: 3 },
      failedDatabases: [
        { database: 'billing', failure: authFailed },
        { database: 'ledger', failure: { code: 'DumpStalled', message: 'no byte moved for 15 minutes' } },
      ],
    }),
  ),
  'failed, partial, the snapshot is missing': input(
    failed('SnapshotFailed', 'snapshot hf-orders-20251121-013011 is failed', {
      verdict: 'partial',
      dumps: [dumpOf('orders')],
      verification: { ...VERIFICATION, objects: 3 },
    }),
    null,
  ),
  'failed, partial, the dump is missing': input(
    failed('WorkerDied', 'the worker ended without an outcome, exit code 137', {
      verdict: 'partial',
      snapshot: SNAPSHOT,
    }),
  ),
  'failed, suspect': input(
    failed('Suspect', 'the dump of orders has 1.2 MiB, the last verified ones had 1.2 GiB', {
      verdict: 'suspect',
      dumps: [dumpOf('orders')],
      verification: { ...VERIFICATION, objects: 3 },
    }),
  ),
  aborted: input({
    status: 'aborted',
    finishedAt: FINISHED_AT,
    failure: { code: 'Cancelled', message: 'the execution was stopped from outside' },
  }),
  'timed out': input(failed('DeadlineExceeded', 'the execution ran longer than the machine allows')),
};

describe.each(Object.entries(KINDS))('the message of a run that has %s', (_, message) => {
  const { subject, text, json, attributes } = composeMessage(message);

  test('is the golden one', () => {
    expect(`${subject}\n\n${text}`).toMatchSnapshot();
  });

  test('says the same to programs', () => {
    expect(json).toMatchObject({ format: 'holdfast-event/1', source: message.run.source, outcome: attributes.outcome });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
});

test('the event for programs has keys and totals, no lists of objects', () => {
  const message = KINDS['succeeded, verified'];
  if (message === undefined) throw new Error('no such message');
  expect(composeMessage(message).json).toMatchInlineSnapshot(`
   {
     "bucket": "holdfast-prod-backups",
     "console": "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-backup:5b1f8c1e-orders",
     "dumps": [
       {
         "database": "orders",
         "sizeBytes": 1288495097,
         "totals": {
           "largeObjects": 0,
           "rows": 12345678,
           "sequences": 40,
           "tables": 128,
         },
         "warnings": 1,
       },
       {
         "database": "billing",
         "sizeBytes": 1288495097,
         "totals": {
           "largeObjects": 3,
           "rows": 1,
           "sequences": 0,
           "tables": 1,
         },
         "warnings": 0,
       },
     ],
     "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-backup:5b1f8c1e-orders",
     "failedDatabases": [],
     "failure": null,
     "finishedAt": "2025-11-21T01:41:40.000Z",
     "format": "holdfast-event/1",
     "kind": "backup",
     "label": "before 4.2",
     "latestVerified": {
       "finishedAt": "2025-11-19T23:20:31.000Z",
       "run": "11aa-orders",
       "startedAt": "2025-11-19T23:12:00.000Z",
     },
     "objectsVerified": 6,
     "outcome": "succeeded",
     "prefix": "orders/2025/11/21/5b1f8c1e-orders/",
     "run": "5b1f8c1e-orders",
     "snapshot": {
       "arn": "arn:aws:rds:eu-west-1:123456789012:snapshot:hf-orders-20251121-013011",
       "identifier": "hf-orders-20251121-013011",
       "kind": "instance",
     },
     "source": "orders",
     "startedAt": "2025-11-21T01:30:11.000Z",
     "trigger": "manual",
     "verdict": "verified",
   }
  `);
});

test('every error says what to do', () => {
  for (const [code, { hint }] of Object.entries(ERRORS)) {
    const { subject, text } = composeMessage(input(failed(code as ErrorCode, 'it broke')));
    expect(subject).toBe(`[holdfast] FAILED orders: ${code}`);
    expect(text).toContain(`${code}: it broke`);
    expect(text).toContain(hint.slice(1));
  }
});

test('a run that was started is not said to be refused, whatever stopped it', () => {
  const plan = RunRow.shape.plan.parse({ connection: { secret: 's' }, dump: {}, deadline: FINISHED_AT });
  const keys = { plan, verdict: 'partial', snapshot: SNAPSHOT } as const;
  const { text } = composeMessage(input(failed('InvalidConfig', 'no database is named', keys)));
  expect(text).not.toContain('Nothing was started');
  expect(text).toContain('The backup of orders FAILED. Only a part of it exists.');
  const early = composeMessage(input(failed('InvalidConfig', 'holdfast.yml:1: is empty')));
  expect(early.text).toContain('was refused. Nothing was started.');
});

test('the connection of the plan is in no message', () => {
  const plan = {
    connection: { secret: 'prod/orders/backup', auth: 'password', sslMode: 'require', host: 'db.internal' },
    dump: {},
    deadline: FINISHED_AT,
  };
  const composed = JSON.stringify(
    composeMessage(input({ ...failed('AuthFailed', 'no'), plan: plan as RunRow['plan'] })),
  );
  expect(composed).not.toMatch(/prod\/orders\/backup|db\.internal/);
});

test('rows that nobody counted are not reported as none', () => {
  const succeeded = { status: 'succeeded', verdict: 'verified', finishedAt: FINISHED_AT } as const;
  const plan = RunRow.shape.plan.parse({
    connection: { secret: 's' },
    dump: { evidence: 'none' },
    deadline: FINISHED_AT,
  });
  const { text } = composeMessage(input({ ...succeeded, plan, dumps: [dumpOf('orders')] }));
  expect(text).toContain('128 tables, rows not counted, ');
});

test('whatever the run is called, the subject is one a mail can have', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 150 });
  fc.assert(
    fc.property(text, text, fc.constantFrom(...Object.values(KINDS)), (source, label, kind) => {
      const { subject } = composeMessage({ ...kind, run: { ...kind.run, source, label } });
      expect(subject).toMatch(/^\[holdfast\] [A-Z]+ [\x20-\x7e]*$/);
      expect(subject.length).toBeLessThan(100);
    }),
  );
});

test('a message of many databases and long failures fits into what SNS carries', () => {
  const failure = { code: 'DumpFailed' as const, message: 'x'.repeat(5000) };
  const databases = Array.from({ length: 150 }, (_, index) => `database-${index}`);
  const message = composeMessage(
    input(
      failed('DumpFailed', failure.message, {
        verdict: 'partial',
        dumps: databases.map((database) => dumpOf(database, { warnings: Array<string>(5).fill('a warning') })),
        failedDatabases: databases.map((database) => ({ database: `${database}-b`, failure })),
      }),
    ),
  );
  expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(256 * 1024);
});
