import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../core/plan-run.ts';
import { parseConfig } from '../../core/config/parse.ts';
import type { Template } from '../../infra/limits.ts';
import { arnOf, CONFIG, propertiesOf, ref, resourcesOf } from './packaged-service.ts';

const DEFINITION = join(import.meta.dirname, '../../statemachine/backup.asl.json');

/** What starts a run, what a run goes through, and who hears of its end. */
export function checkStarts(template: () => Template): void {
  describe('a schedule', () => {
    it('is there for each source that has one, also for names that differ only by a hyphen', () => {
      const schedules = resourcesOf(template(), 'AWS::Scheduler::Schedule').map(
        ([, { Properties = {} }]) => Properties,
      );
      expect(schedules.map(({ Name }) => Name).sort()).toEqual([
        'holdfast-local-a-b-backup',
        'holdfast-local-ab-backup',
        'holdfast-local-retention',
      ]);
    });

    it('starts the machine by the templated target, delivered until it is known to have started', () => {
      expect(propertiesOf(template(), 'BackupScheduleaDashb')).toMatchObject({
        ScheduleExpression: 'cron(30 2 * * ? *)',
        ScheduleExpressionTimezone: 'Europe/Paris',
        FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
        Target: {
          Arn: ref('BackupMachine'),
          RoleArn: arnOf('ScheduleRole'),
          RetryPolicy: { MaximumEventAgeInSeconds: expect.any(Number), MaximumRetryAttempts: expect.any(Number) },
          DeadLetterConfig: { Arn: arnOf('ScheduleQueue') },
        },
      });
      expect(propertiesOf(template(), 'BackupScheduleab')).toMatchObject({
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
      });
    });

    it.each([
      ['BackupScheduleaDashb', 'a-b'],
      ['BackupScheduleab', 'ab'],
    ])('%s gives an input that the machine takes, with the slot that the scheduler fills in', (name, source) => {
      const { Input } = propertiesOf(template(), name)['Target'] as { Input: string };
      expect(Input).toContain('"<aws.scheduler.scheduled-time>"');
      const input = JSON.parse(Input.replace('<aws.scheduler.scheduled-time>', '2025-11-21T02:30:00Z')) as unknown;
      const execution = { executionArn: 'arn:x', run: 'r', startedAt: '2025-11-21T02:31:00.000Z', input };
      expect(planRun(execution, parseConfig(CONFIG, 'holdfast.yml'))).toMatchObject({
        planned: { source },
        scheduledTime: '2025-11-21T02:30:00Z',
        trigger: 'schedule',
      });
    });
  });

  describe('the machine', () => {
    it('is the definition in statemachine/, as it is', () => {
      expect(propertiesOf(template(), 'BackupMachine')['Definition']).toEqual(
        JSON.parse(readFileSync(DEFINITION, 'utf8')),
      );
    });

    it('logs what fails, under a role of its own', () => {
      expect(propertiesOf(template(), 'BackupMachine')).toMatchObject({
        StateMachineType: 'STANDARD',
        RoleArn: arnOf('BackupMachineRole'),
        LoggingConfiguration: {
          Level: 'ERROR',
          Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: arnOf('BackupMachineLogs') } }],
        },
      });
    });
  });

  describe('the backstop', () => {
    it('hears of every bad end of the backup machine, and what it cannot take is kept', () => {
      expect(propertiesOf(template(), 'BackstopRule')).toMatchObject({
        EventPattern: {
          source: ['aws.states'],
          'detail-type': ['Step Functions Execution Status Change'],
          detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [ref('BackupMachine')] },
        },
        Targets: [{ Arn: arnOf('BackstopLambdaFunction'), DeadLetterConfig: { Arn: arnOf('BackstopQueue') } }],
      });
      expect(propertiesOf(template(), 'BackstopInvokeConfig')).toMatchObject({
        FunctionName: ref('BackstopLambdaFunction'),
        DestinationConfig: { OnFailure: { Destination: arnOf('BackstopQueue') } },
      });
      expect(propertiesOf(template(), 'BackstopPermission')).toMatchObject({
        FunctionName: ref('BackstopLambdaFunction'),
        Principal: 'events.amazonaws.com',
        SourceArn: arnOf('BackstopRule'),
      });
    });
  });

  describe('the messages', () => {
    it('go to each address, only those that it asked for, and alarms always', () => {
      const subscriptions = resourcesOf(template(), 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
      expect(subscriptions).toEqual(
        ['ops@example.com', 'dba@example.com'].flatMap((Endpoint) => [
          {
            TopicArn: ref('Topic'),
            Protocol: 'email',
            Endpoint,
            FilterPolicy: { outcome: ['failed', 'aborted', 'started'] },
          },
          { TopicArn: ref('AlarmTopic'), Protocol: 'email', Endpoint },
        ]),
      );
    });

    it('of every dead-letter queue and of a lost message are alarms', () => {
      const alarms = resourcesOf(template(), 'AWS::CloudWatch::Alarm').map(([, { Properties = {} }]) => Properties);
      for (const { AlarmActions } of alarms) expect(AlarmActions).toEqual([ref('AlarmTopic')]);
      const watched = alarms.flatMap(({ Dimensions }) => JSON.stringify(Dimensions));
      const queues = resourcesOf(template(), 'AWS::SQS::Queue').map(([name]) => name);
      expect(queues.sort()).toEqual(['BackstopQueue', 'ScheduleQueue']);
      for (const name of [...queues, 'PublishSuccessLambdaFunction']) {
        expect(watched).toContainEqual(expect.stringContaining(`"${name}"`));
      }
    });
  });
}
