import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { metricsOfStage, type Freshness } from '../../core/freshness.ts';
import { metricsOfLeftovers, type Leftover } from '../../core/leftovers.ts';
import { METRIC_NAMESPACE, metricLine, type Metric } from '../../core/metric-line.ts';
import { metricsOfRemovals } from '../../core/retention-steps.ts';
import { metricsOfRestoreTest, metricsOfVerification } from '../../core/run-metrics.ts';
import type { Template } from '../../infra/limits.ts';
import { stateOf, type Alarm } from './alarm-state.ts';
import { propertiesOf, ref, resourcesOf } from './packaged-service.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const STAGE = 'local';

/** A line of the whole stage. */
const ofStage = (metrics: readonly Metric[]): string => metricLine(metrics, { stage: STAGE }, new Date(0));
const ofSource = (metrics: readonly Metric[]): string =>
  metricLine(metrics, { stage: STAGE, source: 'orders' }, new Date(0));

const looked = (more: Partial<Freshness>): string =>
  ofStage(metricsOfStage([{ isOverdue: false, isTestOverdue: false, ...more } as Freshness]));
const swept = (...isEnded: boolean[]): string =>
  ofStage(metricsOfLeftovers(isEnded.map((each) => ({ isEnded: each }) as Leftover)));
const damaged = ofStage(metricsOfLeftovers([{ kind: 'point', isEnded: false } as Leftover]));
const verified = (...mismatches: { database: string }[]): string =>
  ofStage(metricsOfVerification({ mismatches } as never));
const tested = (seconds: number | null, rtoSeconds: number | null): string =>
  ofSource(metricsOfRestoreTest({ outcome: 'passed', seconds, rtoSeconds }));
const removed = (...isInterrupted: boolean[]): string =>
  ofSource(
    metricsOfRemovals(isInterrupted.map((each) => ({ sk: '', action: 'remove', why: '', isInterrupted: each }))),
  );

type Periods = readonly (readonly (string | number)[])[];

interface Case {
  readonly rings: readonly Periods[];
  readonly isQuiet: readonly Periods[];
  /** What silence means. */
  readonly withoutData: 'ALARM' | 'OK';
  /** What AWS measures it of; absent: a function of Holdfast writes it. */
  readonly measured?: { readonly resource: string; readonly type: keyof typeof MEASURED };
}

const SILENCE: readonly string[] = [];

/**
 * What AWS measures, by the type of what it measures: "Viewing Step Functions metrics", "Available CloudWatch metrics for
 * Amazon SQS" and "Types of metrics for Lambda functions" in their developer guides.
 */
const MEASURED = {
  'AWS::StepFunctions::StateMachine': {
    namespace: 'AWS/States',
    metrics: ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionsSucceeded'],
    dimension: (name: string) => ({ Name: 'StateMachineArn', Value: ref(name) }),
  },
  'AWS::SQS::Queue': {
    namespace: 'AWS/SQS',
    metrics: ['ApproximateNumberOfMessagesVisible'],
    dimension: (name: string) => ({ Name: 'QueueName', Value: { 'Fn::GetAtt': [name, 'QueueName'] } }),
  },
  'AWS::Lambda::Function': {
    namespace: 'AWS/Lambda',
    metrics: ['Errors'],
    dimension: (name: string) => ({ Name: 'FunctionName', Value: ref(name) }),
  },
};

/** Something that AWS counts, and of which one is too many. */
const counted = (resource: string, type: keyof typeof MEASURED): Case => ({
  rings: [[[1]], [[0, 2]]],
  isQuiet: [[[0]]],
  withoutData: 'OK',
  measured: { resource, type },
});
const machine = (name: string): Case => counted(name, 'AWS::StepFunctions::StateMachine');
const queue = (name: string): Case => counted(name, 'AWS::SQS::Queue');

/** Each alarm: what it must ring at, what it must not ring at, and what it makes of silence. */
const CASES: Readonly<Record<string, Case>> = {
  SourcesOverdueAlarm: {
    rings: [[[looked({}), looked({ isOverdue: true })]]],
    isQuiet: [[[looked({})]], [[looked({ isTestOverdue: true })]]],
    withoutData: 'ALARM',
  },
  RestoreTestsOverdueAlarm: {
    rings: [[[looked({ isTestOverdue: true })]]],
    isQuiet: [[[looked({})]], [[looked({ isOverdue: true })]]],
    withoutData: 'ALARM',
  },
  // What one sweep ends, or the next no longer finds, is no alarm.
  LeftoversAlarm: {
    rings: [
      [[swept(false)], [swept(false, true)], [swept(false)]],
      [[swept(false)], SILENCE, [swept(false)]],
    ],
    isQuiet: [
      [[swept(true)], [swept(true)], [swept(true)]],
      [[swept(false)], [swept(false), swept()], [swept(false)]],
    ],
    withoutData: 'ALARM',
  },
  PointsDamagedAlarm: {
    rings: [[[swept(), damaged]]],
    isQuiet: [[[swept(false)]]],
    withoutData: 'OK',
  },
  VerificationMismatchAlarm: {
    rings: [[[verified(), verified({ database: 'orders' })]]],
    isQuiet: [[[verified()]]],
    withoutData: 'OK',
  },
  RecoveryTimeAlarm: {
    rings: [[[tested(3601, 3600), tested(10, 3600)]]],
    isQuiet: [[[tested(3600, 3600)]], [[tested(9999, null)]], [[tested(null, 3600)]]],
    withoutData: 'OK',
  },
  RemovalsInterruptedAlarm: {
    rings: [[[removed(false, true)]]],
    isQuiet: [[[removed()]], [[removed(false, false)]]],
    withoutData: 'OK',
  },
  RetentionFailedAlarm: machine('RetentionMachine'),
  RetentionMissedAlarm: {
    rings: [[[0], [0]]],
    isQuiet: [
      [SILENCE, [1]],
      [[1], [0]],
      [[1], SILENCE],
    ],
    withoutData: 'ALARM',
    measured: { resource: 'RetentionMachine', type: 'AWS::StepFunctions::StateMachine' },
  },
  RestoreTestFailedAlarm: machine('RestoreTestMachine'),
  RestoreTestTimedOutAlarm: machine('RestoreTestMachine'),
  RestoreTestAbortedAlarm: machine('RestoreTestMachine'),
  MessageNotSentAlarm: counted('PublishSuccessLambdaFunction', 'AWS::Lambda::Function'),
  BackstopQueueAlarm: queue('BackstopQueue'),
  ScheduleQueueAlarm: queue('ScheduleQueue'),
};

export function checkAlarms(template: () => Template): void {
  describe('the alarms', () => {
    it('are all looked at here', () => {
      const names = resourcesOf(template(), 'AWS::CloudWatch::Alarm').map(([name]) => name);
      expect(names.sort()).toEqual(Object.keys(CASES).sort());
    });

    it.each(Object.keys(CASES))('%s is explained to people', (name) => {
      expect(readFileSync(join(CHECKOUT, 'docs/keeping.md'), 'utf8')).toContain(`\`${name}\``);
    });

    describe.each(Object.entries(CASES))('%s', (name, { rings, isQuiet, withoutData, measured }) => {
      const alarm = (): Alarm => propertiesOf(template(), name) as unknown as Alarm;

      it('rings at what is written when it must, and at nothing else', () => {
        for (const periods of rings) expect([periods, stateOf(alarm(), periods)]).toEqual([periods, 'ALARM']);
        for (const periods of isQuiet) expect([periods, stateOf(alarm(), periods)]).toEqual([periods, 'OK']);
        const silence = Array.from({ length: alarm().EvaluationPeriods }, () => SILENCE);
        expect(stateOf(alarm(), silence)).toBe(withoutData);
      });

      it('tells people', () => {
        expect(alarm()).toMatchObject({ AlarmActions: [ref('AlarmTopic')], AlarmDescription: expect.any(String) });
      });

      it('is within what CloudWatch evaluates', () => {
        const seconds = alarm().Period * alarm().EvaluationPeriods;
        expect(seconds).toBeLessThanOrEqual(alarm().Period < 3600 ? 86_400 : 604_800);
      });

      if (!measured) return;
      it('looks at something that AWS measures of a resource that is there', () => {
        const { namespace, metrics, dimension } = MEASURED[measured.type];
        expect(alarm().Namespace).toBe(namespace);
        expect(metrics).toContain(alarm().MetricName);
        expect(alarm().Dimensions).toEqual([dimension(measured.resource)]);
        expect(template().Resources[measured.resource]?.Type).toBe(measured.type);
      });
    });

    it('that nobody measures but Holdfast are of its namespace', () => {
      const own = Object.entries(CASES).filter(([, { measured }]) => !measured);
      for (const [name] of own) expect(propertiesOf(template(), name)['Namespace']).toBe(METRIC_NAMESPACE);
    });

    it('of what is looked at every hour have two looks in each period: one that is late is not missing', () => {
      for (const name of ['SourcesOverdueAlarm', 'RestoreTestsOverdueAlarm', 'LeftoversAlarm']) {
        expect(propertiesOf(template(), name)['Period']).toBe(7200);
      }
    });
  });
}
