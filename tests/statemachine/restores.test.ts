/** Runs of the machine `restore`, with every step failing in each way that a step can fail. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CollectRestoreInput } from '../../core/restore-steps.ts';
import { errorOfLostWorker } from '../../core/worker-end.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { brokenContracts } from './contracts.ts';
import { eventOf, startMachineUnderTest, type MachineUnderTest, type WorkerTask } from './machine-under-test.ts';
import { RESTORED, type Scenario, type Step } from './stubs.ts';

const keep = stopAfterTests();
let machine: MachineUnderTest;
beforeAll(async () => {
  machine = await startMachineUnderTest(keep, 'restore');
});

const throws = (name: string, message: string): Step => ({ throws: { name, message } });
const EXITS: Step = { exits: true };
const HANGS: Step = { hangs: true };
const ARCHIVED = { thaw: { objects: 2, summary: '2 archived objects' } };

const START = ['PlanRestore', 'PublishStarted'];
const RESTORE = ['RunRestore', 'CollectRestore'];
const RECORDED = ['RecordFailure', 'PublishFailure'];

const pathOf = (calls: readonly { readonly state: string }[]): string[] => calls.map(({ state }) => state);

describe('a restore succeeds', () => {
  it.each<[string, Scenario, string[]]>([
    ['straight', {}, [...START, ...RESTORE, 'PublishSuccess']],
    [
      'although nobody could be told of its start',
      { steps: { PublishStarted: EXITS } },
      [...START, ...RESTORE, 'PublishSuccess'],
    ],
    [
      'although nobody could be told of its end',
      { steps: { PublishSuccess: EXITS } },
      [...START, ...RESTORE, 'PublishSuccess'],
    ],
    ['although its worker exited with another code', { worker: 'exit 3' }, [...START, ...RESTORE, 'PublishSuccess']],
    [
      'after a thaw that takes its time',
      {
        plan: ARCHIVED,
        steps: { CheckThaw: { answers: [{ objectsFrozen: 2 }, { objectsFrozen: 1 }, { objectsFrozen: 0 }] } },
      },
      [...START, 'ThawObjects', 'CheckThaw', 'CheckThaw', 'CheckThaw', ...RESTORE, 'PublishSuccess'],
    ],
  ])('%s', async (_title, scenario, path) => {
    const { status, output, calls } = await machine.run(scenario);
    expect(pathOf(calls)).toEqual(path);
    expect(brokenContracts(calls)).toEqual([]);
    expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: RESTORED });
  });
});

describe('a dry run', () => {
  it('ends with the plan, and nothing is thawed, started or announced', async () => {
    const { status, output, calls } = await machine.run({ plan: { ...ARCHIVED, dryRun: true } });
    expect(pathOf(calls)).toEqual(['PlanRestore']);
    expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: { dryRun: true, ...ARCHIVED } });
  });
});

interface FailedRestore {
  readonly title: string;
  readonly steps: NonNullable<Scenario['steps']>;
  readonly plan?: object;
  readonly path: readonly string[];
  readonly error: string;
  readonly cause: string | RegExp;
}

const THAW = [...START, 'ThawObjects'];

const FAILED: readonly FailedRestore[] = [
  {
    title: 'input that is refused',
    steps: { PlanRestore: throws('RecoveryPointNotFound', 'source orders has no run r9') },
    path: ['PlanRestore', ...RECORDED],
    error: 'RecoveryPointNotFound',
    cause: 'source orders has no run r9',
  },
  {
    title: 'PlanRestore that crashes',
    steps: { PlanRestore: EXITS },
    path: ['PlanRestore', ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'PlanRestore that does not answer',
    steps: { PlanRestore: HANGS },
    path: ['PlanRestore', ...RECORDED],
    error: 'UnexpectedError',
    cause: /timed out/i,
  },
  {
    title: 'objects that S3 will not thaw',
    steps: { ThawObjects: throws('AccessDenied', 's3:RestoreObject was refused') },
    plan: ARCHIVED,
    path: [...THAW, ...RECORDED],
    error: 'AccessDenied',
    cause: 's3:RestoreObject was refused',
  },
  {
    title: 'ThawObjects that crashes',
    steps: { ThawObjects: EXITS },
    plan: ARCHIVED,
    path: [...THAW, ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'an object that vanishes while it is thawed',
    steps: { CheckThaw: throws('ObjectMissing', 'object x is not in the bucket') },
    plan: ARCHIVED,
    path: [...THAW, 'CheckThaw', ...RECORDED],
    error: 'ObjectMissing',
    cause: 'object x is not in the bucket',
  },
  {
    title: 'CheckThaw that crashes',
    steps: { CheckThaw: EXITS },
    plan: ARCHIVED,
    path: [...THAW, 'CheckThaw', ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'a target that is not empty',
    steps: { CollectRestore: throws('TargetNotEmpty', 'database orders holds 3 tables') },
    path: [...START, ...RESTORE, ...RECORDED],
    error: 'TargetNotEmpty',
    cause: 'database orders holds 3 tables',
  },
  {
    title: 'CollectRestore that crashes',
    steps: { CollectRestore: EXITS },
    path: [...START, ...RESTORE, ...RECORDED],
    error: 'UnexpectedError',
    cause: /^Runtime\.ExitError: ./,
  },
  {
    title: 'CollectRestore that does not answer',
    steps: { CollectRestore: HANGS },
    path: [...START, ...RESTORE, ...RECORDED],
    error: 'UnexpectedError',
    cause: /timed out/i,
  },
  {
    title: 'a failure that cannot be recorded is published all the same',
    steps: { CollectRestore: throws('RestoreFailed', 'CREATE TABLE t failed'), RecordFailure: EXITS },
    path: [...START, ...RESTORE, ...RECORDED],
    error: 'RestoreFailed',
    cause: /^CREATE TABLE t failed; and this could not be recorded \(Runtime\.ExitError\)$/,
  },
  {
    title: 'a failure that cannot be published ends with its own name',
    steps: { CollectRestore: throws('RestoreMismatch', 'public.t has 8 rows, not 9'), PublishFailure: EXITS },
    path: [...START, ...RESTORE, ...RECORDED],
    error: 'RestoreMismatch',
    cause: 'public.t has 8 rows, not 9',
  },
];

describe('a restore fails with', () => {
  it.each(FAILED)('$title', async ({ steps, plan, path, error, cause }) => {
    const ended = await machine.run({ steps, ...(plan && { plan: { ...plan } }) });
    expect(pathOf(ended.calls)).toEqual(path);
    expect(brokenContracts(ended.calls)).toEqual([]);
    expect(ended).toMatchObject({ status: 'FAILED', error });
    expect(ended.cause).toEqual(typeof cause === 'string' ? cause : expect.stringMatching(cause));
  });
});

describe('CollectRestore is told of a worker that', () => {
  it.each<[string, string, WorkerTask, RegExp]>([
    ['exited with a code', 'exit 41', 'worker', /left no outcome: exit code 41;/],
    ['was killed', 'kill -9 $$', 'worker', /left no outcome: exit code 137 \(out of memory, or killed\)/],
    ['has no image', '', 'image-missing', /left no outcome: no exit code;.*TaskFailedToStart/],
    ['ECS refused', '', 'not-registered', /was not started: ECS\.ClientException: /],
  ])('%s', async (_title, worker, task, message) => {
    const { calls } = await machine.run({ worker }, task);
    const { taskError } = CollectRestoreInput.parse(eventOf(calls, 'CollectRestore'));
    expect(errorOfLostWorker(taskError?.Error, taskError?.Cause ?? '').message).toMatch(message);
  });
});
