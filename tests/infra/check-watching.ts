import { describe, expect, it } from '@jest/globals';
import { metricsOfSource, metricsOfStage, type Freshness } from '../../core/freshness.ts';
import { metricsOfLeftovers } from '../../core/leftovers.ts';
import { metricLine, type Metric } from '../../core/metric-line.ts';
import { metricsOfVerification } from '../../core/run-metrics.ts';
import type { Template } from '../../infra/limits.ts';
import { arnOf, propertiesOf, ref, resourcesOf } from './packaged-service.ts';

const STAGE = 'local';

interface Line {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly Stage: string;
}

/** What runs every hour, what it writes, and which alarms look at that. */
export function checkWatching(template: () => Template): void {
  const lineOf = (metrics: readonly Metric[]): Line =>
    JSON.parse(metricLine(metrics, { stage: STAGE }, new Date(0))) as Line;

  describe('the hourly looks', () => {
    it.each([
      ['FreshnessSchedule', 'CheckFreshnessLambdaFunction', 'cron(7 * * * ? *)'],
      ['SweepSchedule', 'SweepLambdaFunction', 'cron(37 * * * ? *)'],
    ])('%s calls %s, and what cannot be delivered is kept', (schedule, lambda, ScheduleExpression) => {
      expect(propertiesOf(template(), schedule)).toMatchObject({
        ScheduleExpression,
        Target: {
          Arn: arnOf(lambda),
          RoleArn: arnOf('ScheduleRole'),
          DeadLetterConfig: { Arn: arnOf('ScheduleQueue') },
        },
      });
    });
  });

  describe('the alarm', () => {
    it.each([
      ['SourcesOverdueAlarm', metricsOfStage([])],
      ['RestoreTestsOverdueAlarm', metricsOfStage([])],
      ['LeftoversAlarm', metricsOfLeftovers([])],
    ])('%s looks at a metric that is written, from 1 on, and rings when nothing is written', (name, metrics) => {
      const { Namespace, MetricName, Dimensions, ...alarm } = propertiesOf(template(), name);
      const line = lineOf(metrics);
      const [written] = line._aws.CloudWatchMetrics;
      expect(written).toMatchObject({ Namespace, Dimensions: [['Stage']] });
      expect(written?.Metrics.map(({ Name }) => Name)).toContain(MetricName);
      expect(Dimensions).toEqual([{ Name: 'Stage', Value: line.Stage }]);
      expect(alarm).toMatchObject({
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'breaching',
        AlarmActions: [ref('AlarmTopic')],
      });
      // Each period holds two looks: one that is late is not missing.
      expect(alarm['Period']).toBe(7200);
    });
  });

  it('of a verification that finds a mismatch looks at a metric that is written', () => {
    const line = lineOf(metricsOfVerification({ mismatches: [] }));
    const { MetricName, Dimensions, ...alarm } = propertiesOf(template(), 'VerificationMismatchAlarm');
    expect(line._aws.CloudWatchMetrics[0]?.Metrics).toContainEqual({ Name: MetricName, Unit: 'Count' });
    expect(Dimensions).toEqual([{ Name: 'Stage', Value: line.Stage }]);
    expect(alarm).toMatchObject({ Statistic: 'Sum', Threshold: 1, AlarmActions: [ref('AlarmTopic')] });
  });

  describe('the dashboard', () => {
    const widgets = (): string => JSON.stringify(propertiesOf(template(), 'Dashboard')['DashboardBody']);

    it('shows every alarm', () => {
      for (const [name] of resourcesOf(template(), 'AWS::CloudWatch::Alarm')) {
        expect(widgets()).toContain(`\${${name}.Arn}`);
      }
    });

    it('shows the metrics that are written', () => {
      const source = { latest: {}, ageMs: 1, limitMs: 1, testAgeMs: 1 } as unknown as Freshness;
      for (const { name } of [...metricsOfSource(source), ...metricsOfStage([])]) {
        expect(widgets()).toContain(name);
      }
    });
  });
}
