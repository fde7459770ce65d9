/** Runs of the machine `restore-test`, with every step failing in each way that a step can fail. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CollectRestoreTestInput } from '../../core/restore-steps.ts';
import { errorOfLostWorker } from '../../core/worker-end.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { brokenContracts } from './contracts.ts';
import { eventOf, startMachineUnderTest, type MachineUnderTest, type WorkerTask } from './machine-under-test.ts';
import { TESTED, type Scenario, type Step } from './stubs.ts';

const keep = stopAfterTests();
let machine: MachineUnderTest;
beforeAll(async () => {
  machine = await startMachineUnderTest(keep, 'restore-test');
});

const throws = (name: string, message: string): Step => ({ throws: { name, message } });
const EXITS: Step = { exits: true };
const HANGS: Step = { hangs: true };

const ALL = ['PlanRestoreTest', 'PublishStarted', 'RunRestoreTest', 'CollectRestoreTest'];
const RECORDED = ['RecordFailure', 'PublishFailure'];

const pathOf = (calls: readonly { readonly state: string }[]): string[] => calls.map(({ state }) => state);

describe('a restore test passes', () => {
  it.each<[string, Scenario]>([
    ['straight', {}],
    ['although nobody could be told of its start', { steps: { PublishStarted: EXITS } }],
    ['although nobody could be told of its end', { steps: { PublishSuccess: EXITS } }],
    ['although its worker exited with another code', { worker: 'exit 3' }],
  ])('%s', async (_title, scenario) => {
    const { status, output, calls } = await machine.run(scenario);
    expect(pathOf(calls)).toEqual([...ALL, 'PublishSuccess']);
    expect(brokenContracts(calls)).toEqual([]);
    expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: TESTED });
  });
});

describe('a slot that another execution tests', () => {
  it('is a success in which nothing is done or told', async () => {
    const duplicateOf = 'arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-restore-test:other';
    const { status, output, calls } = await machine.run({ plan: { duplicateOf } });
    expect(pathOf(calls)).toEqual(['PlanRestoreTest']);
    expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: { duplicateOf } });
  });
});

describe('a restore test fails with', () => {
  it.each<[string, NonNullable<Scenario['steps']>, string[], string, RegExp]>([
    [
      'nothing to test',
      { PlanRestoreTest: throws('RecoveryPointNotFound', 'none') },
      ['PlanRestoreTest'],
      'RecoveryPointNotFound',
      /^none$/,
    ],
    [
      'PlanRestoreTest that crashes',
      { PlanRestoreTest: EXITS },
      ['PlanRestoreTest'],
      'UnexpectedError',
      /^Runtime\.ExitError: ./,
    ],
    [
      'PlanRestoreTest that does not answer',
      { PlanRestoreTest: HANGS },
      ['PlanRestoreTest'],
      'UnexpectedError',
      /timed out/i,
    ],
    [
      'a point that cannot be tested',
      { CollectRestoreTest: throws('Untestable', 'postgis is missing') },
      ALL,
      'Untestable',
      /^postgis is missing$/,
    ],
    [
      'a point that is not what it should be',
      { CollectRestoreTest: throws('RestoreMismatch', 'public.t') },
      ALL,
      'RestoreMismatch',
      /^public\.t$/,
    ],
    [
      'CollectRestoreTest that crashes',
      { CollectRestoreTest: EXITS },
      ALL,
      'UnexpectedError',
      /^Runtime\.ExitError: ./,
    ],
    ['CollectRestoreTest that does not answer', { CollectRestoreTest: HANGS }, ALL, 'UnexpectedError', /timed out/i],
    [
      'a failure that cannot be recorded',
      { CollectRestoreTest: throws('RestoreFailed', 'x'), RecordFailure: EXITS },
      ALL,
      'RestoreFailed',
      /^x; and this could not be recorded \(Runtime\.ExitError\)$/,
    ],
    [
      'a failure that cannot be published',
      { CollectRestoreTest: throws('RestoreFailed', 'x'), PublishFailure: EXITS },
      ALL,
      'RestoreFailed',
      /^x$/,
    ],
  ])('%s', async (_title, steps, path, error, cause) => {
    const ended = await machine.run({ steps });
    expect(pathOf(ended.calls)).toEqual([...path, ...RECORDED]);
    expect(brokenContracts(ended.calls)).toEqual([]);
    expect(ended).toMatchObject({ status: 'FAILED', error, cause: expect.stringMatching(cause) });
  });
});

describe('CollectRestoreTest is told of a worker that', () => {
  it.each<[string, string, WorkerTask, RegExp]>([
    ['was killed', 'kill -9 $$', 'worker', /left no outcome: exit code 137 \(out of memory, or killed\)/],
    ['ECS refused', '', 'not-registered', /was not started: ECS\.ClientException: /],
  ])('%s', async (_title, worker, task, message) => {
    const { calls } = await machine.run({ worker }, task);
    const { taskError } = CollectRestoreTestInput.parse(eventOf(calls, 'CollectRestoreTest'));
    expect(errorOfLostWorker(taskError?.Error, taskError?.Cause ?? '').message).toMatch(message);
  });
});
