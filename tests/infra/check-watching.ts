import { describe, expect, it } from '@jest/globals';
import { metricsOfSource, metricsOfStage, type Freshness } from '../../core/freshness.ts';
import type { Manifest } from '../../core/manifest.ts';
import { metricsOfRun } from '../../core/run-metrics.ts';
import type { Template } from '../../infra/limits.ts';
import { arnOf, propertiesOf, resourcesOf } from './packaged-service.ts';

/** What runs every hour, and where people see what it writes. */
export function checkWatching(template: () => Template): void {
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

  describe('the dashboard', () => {
    const widgets = (): string => JSON.stringify(propertiesOf(template(), 'Dashboard')['DashboardBody']);

    it('shows every alarm', () => {
      for (const [name] of resourcesOf(template(), 'AWS::CloudWatch::Alarm')) {
        expect(widgets()).toContain(`\${${name}.Arn}`);
      }
    });

    it('shows the metrics that are written', () => {
      const source = { latest: {}, ageMs: 1, limitMs: 1, testAgeMs: 1 } as unknown as Freshness;
      const run = { verdict: 'verified', dumps: [], startedAt: '', finishedAt: '' } as unknown as Manifest;
      const shown = [...metricsOfSource(source), ...metricsOfStage([]), ...metricsOfRun(run)].map(({ name }) => name);
      for (const name of [...shown, 'RecoverySeconds']) {
        expect(widgets()).toMatch(new RegExp(`[\\\\"]${name}[\\\\"]`));
      }
    });
  });
}
