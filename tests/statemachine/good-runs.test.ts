import { beforeAll, describe, expect, it } from '@jest/globals';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { brokenContracts } from './contracts.ts';
import { eventOf, pathOf, startMachineUnderTest, type MachineUnderTest } from './machine-under-test.ts';
import { SNAPSHOT, SNAPSHOT_PROGRESS, VERIFIED, type Scenario } from './stubs.ts';

const keep = stopAfterTests();
let machine: MachineUnderTest;
beforeAll(async () => {
  machine = await startMachineUnderTest(keep);
});

const BUSY = { ...SNAPSHOT_PROGRESS, status: 'busy', snapshot: null };
const CREATING = { ...SNAPSHOT_PROGRESS, status: 'creating', snapshot: null };
const REFUSED = { throws: { name: 'UnexpectedError', message: 'SNS does not answer' } };

const START = ['PlanBackup', 'PublishStarted'];
const DUMP = ['RunDump', 'CollectDump', 'VerifyDump'];
const END = ['RecordManifest', 'PublishSuccess'];
const BOTH = [...START, 'CreateSnapshot', ...DUMP, ...END];

const AVAILABLE_PART = { status: 'available', snapshot: SNAPSHOT };
const VERIFIED_PART = { status: 'verified', verified: VERIFIED };
const SKIPPED_PART = { status: 'skipped' };

interface GoodRun {
  readonly title: string;
  readonly scenario: Scenario;
  readonly path: readonly string[];
  readonly parts?: readonly object[];
  readonly verdict?: string;
}

const GOOD_RUNS: readonly GoodRun[] = [
  { title: 'both halves', scenario: {}, path: BOTH },
  {
    title: 'an instance that is busy, then a snapshot that takes its time',
    scenario: {
      steps: {
        CreateSnapshot: { answers: [BUSY, BUSY, CREATING] },
        CheckSnapshot: { answers: [CREATING, SNAPSHOT_PROGRESS] },
      },
    },
    path: [
      ...START,
      ...Array<string>(3).fill('CreateSnapshot'),
      ...Array<string>(2).fill('CheckSnapshot'),
      ...DUMP,
      ...END,
    ],
  },
  {
    title: 'only a snapshot',
    scenario: { plan: { include: { snapshot: true, dump: false } } },
    path: [...START, 'CreateSnapshot', ...END],
    parts: [AVAILABLE_PART, SKIPPED_PART],
    verdict: 'snapshot-only',
  },
  {
    title: 'only a dump, of a source without RDS',
    scenario: { plan: { include: { snapshot: false, dump: true }, rds: null } },
    path: [...START, ...DUMP, ...END],
    parts: [SKIPPED_PART, VERIFIED_PART],
  },
  { title: 'a message of the start that is refused', scenario: { steps: { PublishStarted: REFUSED } }, path: BOTH },
  {
    title: 'a message of the start that crashes',
    scenario: { steps: { PublishStarted: { exits: true } } },
    path: BOTH,
  },
  { title: 'a message of the end that is refused', scenario: { steps: { PublishSuccess: REFUSED } }, path: BOTH },
  { title: 'a message of the end that crashes', scenario: { steps: { PublishSuccess: { exits: true } } }, path: BOTH },
  { title: 'a message of the end that hangs', scenario: { steps: { PublishSuccess: { hangs: true } } }, path: BOTH },
  {
    title: 'a worker whose outcome is good although it exited with another code',
    scenario: { worker: 'exit 3' },
    path: BOTH,
  },
];

describe('a run succeeds with', () => {
  it.each(GOOD_RUNS)(
    '$title',
    async ({ scenario, path, parts = [AVAILABLE_PART, VERIFIED_PART], verdict = 'verified' }) => {
      const { status, output, calls } = await machine.run(scenario);
      expect(pathOf(calls)).toEqual(path);
      expect(brokenContracts(calls)).toEqual([]);
      expect(eventOf(calls, 'RecordManifest')).toMatchObject({ parts });
      expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: { verdict } });
    },
  );
});

describe('a duplicate delivery of a slot', () => {
  it('succeeds without doing anything, and says whose slot it is', async () => {
    const first = 'arn:aws:states:eu-west-1:123456789012:execution:holdfast-prod-backup:first';
    const { status, output, calls } = await machine.run({ plan: { duplicateOf: first } });
    expect(pathOf(calls)).toEqual(['PlanBackup']);
    expect({ status, output }).toMatchObject({ status: 'SUCCEEDED', output: { duplicateOf: first } });
  });
});

describe('the functions are told', () => {
  it('the input as it was given, whatever it is', async () => {
    const { calls } = await machine.run('orders');
    expect(eventOf(calls, 'PlanBackup')).toMatchObject({ input: 'orders', run: expect.stringMatching(/^run-\d+$/) });
  });

  it('of a snapshot what was ordered, beside the run', async () => {
    const { calls } = await machine.run({ steps: { CreateSnapshot: { answers: [CREATING] } } });
    const { kind, identifier } = SNAPSHOT;
    expect(eventOf(calls, 'CheckSnapshot')).toMatchObject({ source: 'orders', kind, identifier });
  });

  it('of a worker that ended well nothing but the run', async () => {
    const { calls } = await machine.run({});
    expect(eventOf(calls, 'CollectDump')).toEqual(eventOf(calls, 'VerifyDump'));
  });
});
