/** 500 sources with two years of history each: planned, and looked at, within what a Lambda has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from '@jest/globals';
import { resolveSource } from '../../../../core/config/plan-source.ts';
import { parseConfig } from '../../../../core/config/parse.ts';
import { composeOverdue } from '../../../../core/freshness-message.ts';
import { assessFreshness } from '../../../../core/freshness.ts';
import { PAYLOAD_MAX_BYTES } from '../../../../core/payload.ts';
import { planRetention } from '../../../../core/retention/plan-retention.ts';
import { retentionPolicy } from '../../../../core/retention/policy.ts';
import { toPoint } from '../../../../core/retention/recovery-point.ts';
import { tellBytesOf } from '../../../../core/retention-steps.ts';
import { RunRow } from '../../../../core/run-record.ts';
import { runRow } from '../run-samples.ts';

const SOURCES = 500;
const NIGHTS = 730;
const NOW = new Date('2026-11-18T09:00:00Z');

/** Of the Lambdas in serverless.yml: PlanRetention has 90 s for one source, CheckFreshness 120 s for all; 512 MB each. */
const PLAN_LIMIT_MS = 90_000;
const FRESHNESS_LIMIT_MS = 120_000;
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;

interface State {
  readonly Type: string;
}
const machine = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../statemachine/retention.asl.json'), 'utf8'),
) as { readonly States: { readonly ForEachSource: { readonly ItemProcessor: { readonly States: object } } } };
const STATES_OF_SOURCE = machine.States.ForEachSource.ItemProcessor.States as Readonly<Record<string, State>>;

const config = parseConfig(
  `defaults:
  connection: { secret: x }
  schedule: { cron: "30 2 * * ? *", timezone: Europe/Paris }
  retention: { keepLast: 7, daily: 14, weekly: 8, monthly: 12, yearly: 2, atLeast: 3 }
sources:
${Array.from({ length: SOURCES }, (_, index) => `  s${index}: {}`).join('\n')}
`,
  'holdfast.yml',
);

/** As DynamoDB gives them: a verified run a night. */
function historyOf(source: string): unknown[] {
  return Array.from({ length: NIGHTS }, (_, index) => {
    const startedAt = new Date(NOW.getTime() - 6.5 * 3_600_000 - index * 86_400_000).toISOString();
    return runRow({ source, run: `${source}-${index}`, startedAt, status: 'succeeded', verdict: 'verified' });
  });
}

describe('500 sources', () => {
  it('are each planned in a small part of the time and memory that a Lambda has', () => {
    const rows = historyOf('s0');
    const memoryBefore = process.memoryUsage().heapUsed;
    const startedAt = performance.now();
    const policy = retentionPolicy(resolveSource(config, 's0').source);
    const points = rows.flatMap((row) => toPoint(RunRow.parse(row)) ?? []);
    const { decisions } = planRetention(points, policy, NOW);
    const tookMs = performance.now() - startedAt;
    expect(decisions).toHaveLength(NIGHTS);
    expect(tookMs).toBeLessThan(PLAN_LIMIT_MS / 10);
    expect(process.memoryUsage().heapUsed - memoryBefore).toBeLessThan(MEMORY_LIMIT_BYTES / 4);
  });

  it('are planned by one execution, which may have 25,000 events', () => {
    // As Step Functions writes them: of a Task without a retry five, of another state two, of an iteration two.
    const events = Object.values(STATES_OF_SOURCE).reduce((sum, { Type }) => sum + (Type === 'Task' ? 5 : 2), 2);
    expect(SOURCES * events).toBeLessThan(25_000);
  });

  it('share the payload of that execution', () => {
    expect(SOURCES * tellBytesOf(SOURCES)).toBeLessThan(PAYLOAD_MAX_BYTES);
    expect(tellBytesOf(1)).toBeGreaterThan(0.9 * PAYLOAD_MAX_BYTES);
  });

  it('are looked at in a small part of the time that a Lambda has', () => {
    const startedAt = performance.now();
    const overdue = Object.keys(config.sources)
      .map((source) => ({
        source,
        latest: { run: 'r', startedAt: '2026-11-16T01:30:00.000Z' },
        testPassedAt: undefined,
        watchedSince: '2026-01-01T00:00:00.000Z',
        testsSince: undefined,
        toldAt: undefined,
      }))
      .map((known) => assessFreshness(known, config, NOW))
      .filter(({ isOverdue }) => isOverdue);
    expect(overdue).toHaveLength(SOURCES);
    expect(performance.now() - startedAt).toBeLessThan(FRESHNESS_LIMIT_MS / 10);
  });

  it('fit into one message when all are overdue', () => {
    const overdue = Object.keys(config.sources).map((name) =>
      assessFreshness(
        {
          source: name.padEnd(32, 'x'),
          latest: { run: 'r'.repeat(80), startedAt: '2026-11-16T01:30:00.000Z' },
          ...{ testPassedAt: undefined, testsSince: undefined, toldAt: undefined },
          watchedSince: '2026-01-01T00:00:00.000Z',
        },
        config,
        NOW,
      ),
    );
    const { text, json } = composeOverdue(overdue);
    // Text and attributes together (Amazon SNS quotas); the names of the attributes are in the rest.
    const names = JSON.stringify(overdue.map(({ source }) => source));
    const bytes = [text, JSON.stringify(json), names].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
    expect(bytes).toBeLessThan(256 * 1024 - 1024);
  });
});
