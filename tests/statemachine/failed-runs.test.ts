import { beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../core/errors.ts';
import { CollectDumpInput } from '../../core/steps.ts';
import { errorOfLostWorker } from '../../core/worker-end.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { brokenContracts } from './contracts.ts';
import {
  eventOf,
  pathOf,
  startMachineUnderTest,
  type MachineUnderTest,
  type WorkerTask,
} from './machine-under-test.ts';
import { SNAPSHOT_PROGRESS, VERIFIED, type Scenario, type Step } from './stubs.ts';

const keep = stopAfterTests();
let machine: MachineUnderTest;
beforeAll(async () => {
  machine = await startMachineUnderTest(keep);
});

const throws = (name: string, message: string): Step => ({ throws: { name, message } });
const EXITS: Step = { exits: true };
const HANGS: Step = { hangs: true };
const SLOW_SNAPSHOT: Step = { answers: [{ ...SNAPSHOT_PROGRESS, status: 'creating', waitSeconds: 1, snapshot: null }] };

const START = ['PlanBackup', 'PublishStarted'];
const DUMP = ['RunDump', 'CollectDump', 'VerifyDump'];
const RECORDED = ['RecordFailure', 'PublishFailure'];
/** A part of the run is good: it is recorded, and the failure of the other published. */
const PARTIAL = ['RecordManifest', 'PublishFailure'];
const DUMP_DIED = [...START, 'CreateSnapshot', 'RunDump', 'CollectDump'];

interface FailedRun {
  readonly title: string;
  readonly steps: NonNullable<Scenario['steps']>;
  readonly more?: Omit<Scenario, 'steps'>;
  readonly path: readonly string[];
  readonly error: string;
  readonly cause: string | RegExp;
}

const FAILED_RUNS: readonly FailedRun[] = [
  {
    title: 'input that is refused',
    steps: { PlanBackup: throws('RunInProgress', 'run r1 of source orders is still active') },
    path: ['PlanBackup', ...RECORDED],
    error: 'RunInProgress',
    cause: 'run r1 of source orders is still active',
  },
  {
    title: 'PlanBackup that crashes',
    steps: { PlanBackup: EXITS },
    path: ['PlanBackup', ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'a snapshot that cannot be ordered',
    steps: { CreateSnapshot: throws('SnapshotQuotaExceeded', '100 of 100 snapshots are used') },
    path: [...START, 'CreateSnapshot', ...DUMP, ...PARTIAL],
    error: 'SnapshotQuotaExceeded',
    cause: '100 of 100 snapshots are used',
  },
  {
    title: 'CreateSnapshot that crashes',
    steps: { CreateSnapshot: EXITS },
    path: [...START, 'CreateSnapshot', ...DUMP, ...PARTIAL],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'a snapshot that fails later',
    steps: {
      CreateSnapshot: SLOW_SNAPSHOT,
      CheckSnapshot: throws('SnapshotTimeout', 'snapshot hf-x is still creating'),
    },
    path: [...START, 'CreateSnapshot', 'CheckSnapshot', ...DUMP, ...PARTIAL],
    error: 'SnapshotTimeout',
    cause: 'snapshot hf-x is still creating',
  },
  {
    title: 'a dump that failed',
    steps: { CollectDump: throws('DumpFailed', 'pg_dump exited with 1: no space') },
    path: [...DUMP_DIED, ...PARTIAL],
    error: 'DumpFailed',
    cause: 'pg_dump exited with 1: no space',
  },
  {
    title: 'CollectDump that crashes',
    steps: { CollectDump: EXITS },
    path: [...DUMP_DIED, ...PARTIAL],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'CollectDump that does not answer',
    steps: { CollectDump: HANGS },
    path: [...DUMP_DIED, ...PARTIAL],
    error: 'UnexpectedError',
    cause: /timed out/i,
  },
  {
    title: 'a dump that is not what was sent',
    steps: { VerifyDump: throws('ChecksumMismatch', 'object x has another checksum') },
    path: [...DUMP_DIED, 'VerifyDump', ...PARTIAL],
    error: 'ChecksumMismatch',
    cause: 'object x has another checksum',
  },
  {
    title: 'one of several databases that is not what was sent',
    steps: {
      VerifyDump: {
        answers: [
          {
            ...VERIFIED,
            mismatches: [{ database: 'b', failure: { code: 'SizeMismatch', message: 'object b has 9 bytes' } }],
          },
        ],
      },
    },
    more: { outcome: { databases: ['a', 'b'].map((database) => ({ status: 'dumped', database, objects: [] })) } },
    path: [...START, 'CreateSnapshot', ...DUMP, ...PARTIAL],
    error: 'SizeMismatch',
    cause: 'object b has 9 bytes',
  },
  {
    title: 'VerifyDump that crashes',
    steps: { VerifyDump: EXITS },
    path: [...START, 'CreateSnapshot', ...DUMP, ...PARTIAL],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'two halves that failed: the dump is named, nothing is recorded as a recovery point',
    steps: {
      CreateSnapshot: throws('SnapshotFailed', 'instance orders-prod is gone'),
      CollectDump: throws('AuthFailed', 'password authentication failed'),
    },
    path: [...DUMP_DIED, 'RecordManifest', ...RECORDED],
    error: 'AuthFailed',
    cause: 'password authentication failed',
  },
  {
    title: 'a failed dump in a run without snapshot',
    steps: { CollectDump: throws('TableUnreadable', 'no SELECT on public.secrets') },
    more: { plan: { include: { snapshot: false, dump: true }, rds: null } },
    path: [...START, 'RunDump', 'CollectDump', 'RecordManifest', ...RECORDED],
    error: 'TableUnreadable',
    cause: 'no SELECT on public.secrets',
  },
  {
    title: 'a run that was closed before its manifest',
    steps: { RecordManifest: throws('Cancelled', 'run r1 was closed') },
    path: [...START, 'CreateSnapshot', ...DUMP, 'RecordManifest', ...RECORDED],
    error: 'Cancelled',
    cause: 'run r1 was closed',
  },
  {
    title: 'RecordManifest that crashes',
    steps: { RecordManifest: EXITS },
    path: [...START, 'CreateSnapshot', ...DUMP, 'RecordManifest', ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'a failure that cannot be recorded is published all the same',
    steps: { PlanBackup: throws('InvalidInput', 'unknown key sorce'), RecordFailure: EXITS },
    path: ['PlanBackup', ...RECORDED],
    error: 'InvalidInput',
    cause: 'unknown key sorce; and this could not be recorded (Runtime.ExitError)',
  },
  {
    title: 'a crash that cannot be recorded: Lambda speaks JSON, the execution a sentence',
    steps: { PlanBackup: EXITS, RecordFailure: throws('UnexpectedError', 'the table does not answer') },
    path: ['PlanBackup', ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: [^{}]+; and this could not be recorded \(UnexpectedError\)$/,
  },
  {
    title: 'a failure that cannot be published ends with its own name',
    steps: { PlanBackup: throws('InvalidInput', 'unknown key sorce'), PublishFailure: EXITS },
    path: ['PlanBackup', ...RECORDED],
    error: 'InvalidInput',
    cause: 'unknown key sorce',
  },
  {
    title: 'a partial run whose failure cannot be published',
    steps: {
      VerifyDump: throws('ObjectMissing', 'object x is not in the bucket'),
      PublishFailure: throws('UnexpectedError', 'SNS does not answer'),
    },
    path: [...START, 'CreateSnapshot', ...DUMP, ...PARTIAL],
    error: 'ObjectMissing',
    cause: 'object x is not in the bucket',
  },
];

describe('a run fails with', () => {
  it.each(FAILED_RUNS)('$title', async ({ steps, more, path, error, cause }) => {
    const ended = await machine.run({ ...more, steps });
    expect(pathOf(ended.calls)).toEqual(path);
    expect(brokenContracts(ended.calls)).toEqual([]);
    expect(ended).toMatchObject({ status: 'FAILED', error });
    expect(ended.cause).toEqual(typeof cause === 'string' ? cause : expect.stringMatching(cause));
  });

  it('the failure in the message that the execution ends with', async () => {
    const { calls, error, cause } = await machine.run({
      steps: { CollectDump: throws('LockTimeout', 'blocked by 42') },
    });
    expect(eventOf(calls, 'PublishFailure')).toMatchObject({ failure: { code: error, message: cause } });
  });
});

it('every code of ours is told from the names of other errors, where the machine must do that itself', () => {
  const codes = Object.keys(ERRORS).filter((code) => code !== 'UnexpectedError');
  expect(codes.filter((code) => code.includes('.') || code.endsWith('Error'))).toEqual([]);
});

describe('one half that fails', () => {
  it('does not cancel a snapshot that is still being made', async () => {
    const steps = { CreateSnapshot: SLOW_SNAPSHOT, CollectDump: throws('DumpFailed', 'exit code 1') };
    const { calls } = await machine.run({ steps });
    expect(eventOf(calls, 'RecordManifest')).toMatchObject({
      parts: [{ status: 'available' }, { status: 'failed', error: 'DumpFailed' }],
    });
  });

  it('does not cancel a dump that is still running', async () => {
    const { calls } = await machine.run({
      worker: 'sleep 1',
      steps: { CreateSnapshot: throws('SnapshotFailed', 'gone') },
    });
    expect(eventOf(calls, 'RecordManifest')).toMatchObject({
      parts: [{ status: 'failed', error: 'SnapshotFailed' }, { status: 'verified' }],
    });
  });
});

describe('CollectDump is told of a worker that', () => {
  it.each<[string, string, WorkerTask, string, RegExp]>([
    ['exited with a code', 'exit 13', 'worker', 'WorkerDied', /left no outcome: exit code 13;/],
    ['was killed', 'kill -9 $$', 'worker', 'WorkerDied', /left no outcome: exit code 137 \(out of memory, or killed\)/],
    ['has no image', '', 'image-missing', 'WorkerDied', /left no outcome: no exit code;.*TaskFailedToStart/],
    ['ECS refused', '', 'not-registered', 'WorkerDied', /was not started: ECS\.ClientException: /],
  ])('%s', async (_title, worker, task, code, message) => {
    const { calls } = await machine.run({ worker }, task);
    const { taskError } = CollectDumpInput.parse(eventOf(calls, 'CollectDump'));
    expect(errorOfLostWorker(taskError?.Error, taskError?.Cause ?? '')).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
