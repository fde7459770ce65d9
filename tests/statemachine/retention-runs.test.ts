/** The retention machine in the local emulator, with functions that do what the name of a source says. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { prune } from '../../cli/commands/prune.ts';
import type { Context } from '../../cli/context.ts';
import { PAYLOAD_MAX_BYTES } from '../../core/payload.ts';
import { shortenApplied, shortenPlan, tellBytesOf, type PlannedRetention } from '../../core/retention-steps.ts';
import { createFunction } from '../e2e/local/lambda.ts';
import { eventually } from '../e2e/local/mend-suite.ts';
import type { TestEmulator } from '../e2e/local/test-emulator.ts';
import { CHECKOUT } from './definition.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';
import { startGuardsWorld } from './guards-world.ts';

const REMOVAL = { sk: 'RUN#2026-11-15T02:30:00.000Z#r', action: 'remove', reasons: ['no rule keeps it'] };
const PLANNED = {
  timezone: 'UTC',
  frozen: null,
  pointsKept: 7,
  pointsToRemove: 1,
  unreadableRows: 0,
  removals: [REMOVAL],
  points: [],
};
const POINTS = Array.from({ length: PLANNED.pointsKept + PLANNED.pointsToRemove }, (_, index) => ({
  ...{ run: `night-${index}`, startedAt: `2026-11-1${index}T02:30:00.000Z`, verdict: 'verified' },
  ...{ action: 'keep', reasons: ['newest verified'], snapshot: null },
}));
const APPLIED = { removed: 1, postponed: 0, keptTotal: 0, kept: [] };

/** What each function answers, as JavaScript with `event`. */
const ANSWERS = {
  ListSources: "{ sources: event.source ? [event.source] : ['a', 'b'], tellBytes: event.source ? 99 : 0, ...event }",
  PlanRetention: `{ ...${JSON.stringify(PLANNED)}, ...(event.dryRun && { removals: [], points: event.tellBytes > 0 ? ${JSON.stringify(POINTS)} : [] }), source, ...said }`,
  ApplyRetention: `{ ...${JSON.stringify(APPLIED)}, source, ...said }`,
} as const;
type Step = keyof typeof ANSWERS;

/** A source that is called `PlanRetention-throws` makes that state fail in that way; a file says what is answered besides. */
const stub = (step: Step, directory: string): string => `
  const { appendFileSync, readFileSync } = await import('node:fs');
  const { source = 'ListSources' } = event;
  appendFileSync(${JSON.stringify(directory)} + '/calls.jsonl', JSON.stringify({ step: '${step}', event }) + '\\n');
  const said = JSON.parse(readFileSync(${JSON.stringify(directory)} + '/said.json', 'utf8')).${step};
  const [where, how] = (event.how ?? source).split('-');
  const fail = (name, message) => { throw Object.assign(new Error(message), { name }); };
  if (where === '${step}' && how === 'throws') fail('AccessDenied', 'the table is on fire');
  if (where === '${step}' && how === 'talks') fail('UnexpectedError', 'x'.repeat(5000));
  if (where === '${step}' && how === 'dies') process.exit(1);
  if (where === '${step}' && how === 'hangs') await new Promise((resolve) => setTimeout(resolve, 60_000));
  return ${ANSWERS[step]};
`;

const FUNCTION_TIMEOUT_S = 3;

const keep = stopAfterTests();
let emulator: TestEmulator;
let sfn: SFNClient;
let stateMachineArn: string;
beforeAll(async () => {
  emulator = await startGuardsWorld(keep);
  sfn = new SFNClient(emulator.settings);
  const steps = Object.keys(ANSWERS) as Step[];
  await Promise.all(
    steps.map((step) => createFunction(emulator, step, stub(step, emulator.directory), FUNCTION_TIMEOUT_S)),
  );
  const definition = readFileSync(join(CHECKOUT, 'statemachine/retention.asl.json'), 'utf8').replace(
    /\$\{(\w+)Arn\}/g,
    'arn:aws:lambda:us-east-1:000000000000:function:$1',
  );
  const roleArn = 'arn:aws:iam::000000000000:role/any';
  const made = await sfn.send(new CreateStateMachineCommand({ name: 'retention', definition, roleArn }));
  stateMachineArn = made.stateMachineArn ?? '';
});

const callsFile = (): string => join(emulator.directory, 'calls.jsonl');

interface Call {
  readonly step: Step;
  readonly event: Readonly<Record<string, unknown>>;
}

interface Ended {
  readonly status: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly sources: readonly Readonly<Record<string, unknown>>[];
  readonly calls: readonly Call[];
}

/** @param said what functions answer besides */
async function run(input: object, said: Partial<Record<Step, object>> = {}): Promise<Ended> {
  writeFileSync(join(emulator.directory, 'said.json'), JSON.stringify(said));
  const before = callsSoFar().length;
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify({ dryRun: false, tellBytes: 99, ...input }) }),
  );
  const { status, error, cause, output } = await eventually(async () => {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  }, 60_000);
  const { sources = [] } = JSON.parse(output ?? '{}') as Partial<Ended>;
  return { status, error, cause, sources, calls: callsSoFar().slice(before) };
}

function callsSoFar(): Call[] {
  if (!existsSync(callsFile())) return [];
  const lines = readFileSync(callsFile(), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Call);
}

const eventsOf = ({ calls }: Ended, step: Step): unknown[] =>
  calls.filter((call) => call.step === step).map(({ event }) => event);

describe('a run of the retention machine', () => {
  it('plans each source, removes what the plan names, and says what came of it', async () => {
    const ended = await run({ sources: ['a', 'b'] });
    expect(ended.status).toBe('SUCCEEDED');
    const applied = { status: 'applied', pointsKept: 7, pointsToRemove: 1, ...APPLIED };
    expect(ended.sources).toEqual([
      { source: 'a', ...applied },
      { source: 'b', ...applied },
    ]);
    expect(eventsOf(ended, 'PlanRetention')).toEqual(
      expect.arrayContaining(['a', 'b'].map((source) => ({ source, dryRun: false, tellBytes: 99 }))),
    );
    expect(eventsOf(ended, 'ApplyRetention')).toEqual(
      expect.arrayContaining(['a', 'b'].map((source) => ({ source, removals: [REMOVAL], tellBytes: 99 }))),
    );
  });

  it('removes nothing in a dry run', async () => {
    const ended = await run({ sources: ['a'], dryRun: true });
    expect(ended).toMatchObject({
      status: 'SUCCEEDED',
      sources: [{ source: 'a', status: 'planned', pointsToRemove: 1, points: POINTS }],
    });
    expect(eventsOf(ended, 'ApplyRetention')).toEqual([]);
  });

  it.each(['throws', 'dies'] as const)('ends as ListSources does that %s', async (how) => {
    const ended = await run({ sources: ['a'], how: `ListSources-${how}` });
    expect(ended.status).toBe('FAILED');
    if (how === 'throws')
      expect(ended).toMatchObject({ error: 'AccessDenied', cause: expect.stringContaining('on fire') });
    expect(eventsOf(ended, 'PlanRetention')).toEqual([]);
  });

  it.each(
    (['PlanRetention', 'ApplyRetention'] as const).flatMap((step) =>
      (['throws', 'dies', 'hangs'] as const).map((how) => [step, how] as const),
    ),
  )('goes on with the other sources when %s %s for one, and fails in the end', async (step, how) => {
    const bad = `${step}-${how}`;
    const ended = await run({ sources: [bad, 'other'] });
    expect(ended.status).toBe('FAILED');
    expect(ended.cause).toMatch(new RegExp(`^source ${bad}: .`));
    if (how === 'throws') {
      expect([ended.error, ended.cause]).toEqual(['AccessDenied', `source ${bad}: the table is on fire`]);
    }
    expect(eventsOf(ended, 'ApplyRetention')).toContainEqual(expect.objectContaining({ source: 'other' }));
  });
});

it('prune shows every point of all sources: what one payload has no room for is asked for source by source', async () => {
  const context = { deployment: { retentionMachineArn: stateMachineArn } } as Context;
  const { document, text } = await prune(undefined, true, context);
  expect(document).toMatchObject({ dryRun: true, sources: ['a', 'b'].map((source) => ({ source, points: POINTS })) });
  expect(text.match(/night-\d/g)).toHaveLength(2 * POINTS.length);
  expect(text).not.toContain('not shown');
});

/** Two years of nights, with as much to say of each as there can be. */
const LONG = {
  source: 'a-name-of-thirty-two-characters-x',
  run: 'r'.repeat(80),
  sk: `RUN#2026-11-15T02:30:00.000Z#${'r'.repeat(80)}`,
};
const LONG_PLAN: PlannedRetention = {
  source: LONG.source,
  timezone: 'America/Argentina/ComodRivadavia',
  frozen: 'nothing goes: the newest verified point is 729 d 23 h old, more than 365 d 2 h',
  pointsKept: 17_520,
  pointsToRemove: 17_520,
  unreadableRows: 17_520,
  removals: [],
  points: Array.from({ length: 730 }, () => ({
    run: LONG.run,
    startedAt: '2026-11-15T02:30:00.000Z',
    verdict: 'snapshot-only',
    action: 'removeSnapshot',
    reasons: ['newest verified', 'at least 1 of 3', 'daily 1 of 14 (2026-11-18)', 'weekly 1 of 8 (2026-W47)'],
    snapshot: { identifier: `hf-${LONG.source}-20261115-023000`, keep: false, reasons: ['older than the newest 2'] },
  })),
};

describe.each([1, 50, 500])('what %i sources say', (count) => {
  const tellBytes = tellBytesOf(count);
  const kept = Array.from({ length: 50 }, () => ({
    ...({ sk: LONG.sk, action: 'removeSnapshot', isInterrupted: true } as const),
    why: 'locked by S3 until 2027-11-15T02:30:00.000Z, '.repeat(3),
  }));
  const applied = { source: LONG.source, removed: 50, postponed: 500, keptTotal: 50, kept };

  it.each([
    ['planned', true, { PlanRetention: shortenPlan(LONG_PLAN, tellBytes) }],
    ['applied', false, { ApplyRetention: shortenApplied(applied, tellBytes) }],
  ])('when they are %s fits into one payload', async (status, dryRun, said) => {
    // Measured as the machine hands it on.
    const { sources } = await run({ sources: [LONG.source], dryRun, tellBytes }, said);
    expect(sources).toMatchObject([{ status }]);
    expect(count * bytesOf(sources[0])).toBeLessThan(PAYLOAD_MAX_BYTES);
    const told = (sources[0]?.[status === 'planned' ? 'points' : 'kept'] as unknown[]).length;
    const isShown = { 1: status === 'planned' ? 400 : 50, 50: 5, 500: 0 }[count];
    expect(told).toBeGreaterThanOrEqual(isShown ?? 0);
  });
});

it('a cause of any length leaves room for those of 500 sources', async () => {
  const { error, cause = '' } = await run({ sources: ['PlanRetention-talks'] });
  const told = cause.replace(/^source \S+: /, '');
  expect(told).toMatch(/^x{300}$/);
  const failed = { source: LONG.source, status: 'failed', error, cause: told };
  expect(500 * bytesOf(failed)).toBeLessThan(PAYLOAD_MAX_BYTES);
});

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1;
