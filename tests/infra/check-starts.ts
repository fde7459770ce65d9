import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readRestoreTestInput } from '../../core/plan-restore-test.ts';
import { planRun } from '../../core/plan-run.ts';
import { parseConfig } from '../../core/config/parse.ts';
import type { Template } from '../../infra/limits.ts';
import { arnOf, CONFIG, propertiesOf, ref, resourcesOf } from './packaged-service.ts';

/** Each machine that runs a worker, with the definition that it runs. */
const MACHINES = [
  ['BackupMachine', 'backup'],
  ['RestoreMachine', 'restore'],
  ['RestoreTestMachine', 'restore-test'],
] as const;

/** What starts a run, what a run goes through, and who hears of its end. */
export function checkStarts(template: () => Template): void {
  describe('a schedule', () => {
    it('is there for each source that has one, also for names that differ only by a hyphen', () => {
      const schedules = resourcesOf(template(), 'AWS::Scheduler::Schedule').map(
        ([, { Properties = {} }]) => Properties,
      );
      expect(schedules.map(({ Name }) => Name).sort()).toEqual([
        'holdfast-local-a-b-backup',
        'holdfast-local-a-b-test',
        'holdfast-local-ab-backup',
        'holdfast-local-freshness',
        'holdfast-local-retention',
        'holdfast-local-sweep',
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

    it('of restore tests starts their machine, in its own time zone', () => {
      const { Target, ...properties } = propertiesOf(template(), 'TestScheduleaDashb');
      expect(properties).toMatchObject({
        ScheduleExpression: 'cron(0 6 1 * ? *)',
        ScheduleExpressionTimezone: 'Europe/Paris',
      });
      const { Input, ...target } = Target as { Input: string };
      expect(Input).toContain('"<aws.scheduler.scheduled-time>"');
      const input = JSON.parse(Input.replace('<aws.scheduler.scheduled-time>', '2025-11-21T02:30:00Z')) as unknown;
      expect(target).toMatchObject({
        Arn: ref('RestoreTestMachine'),
        DeadLetterConfig: { Arn: arnOf('ScheduleQueue') },
      });
      const execution = { executionArn: 'arn:x', run: 'r', startedAt: '2025-11-21T02:31:00.000Z' };
      expect(readRestoreTestInput({ ...execution, input }, parseConfig(CONFIG, 'holdfast.yml'))).toMatchObject({
        source: { name: 'a-b' },
        input: { recoveryPoint: 'latest', trigger: 'schedule', scheduledTime: '2025-11-21T02:30:00Z' },
        randomSince: '2025-10-22T02:31:00.000Z',
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
    it.each(MACHINES)('%s is the definition in statemachine/, as it is', (name, file) => {
      const definition = join(import.meta.dirname, `../../statemachine/${file}.asl.json`);
      expect(propertiesOf(template(), name)['Definition']).toEqual(JSON.parse(readFileSync(definition, 'utf8')));
    });

    it.each(MACHINES.map(([name]) => name))('%s logs what fails, under a role of its own', (name) => {
      expect(propertiesOf(template(), name)).toMatchObject({
        StateMachineType: 'STANDARD',
        RoleArn: arnOf(`${name}Role`),
        LoggingConfiguration: {
          Level: 'ERROR',
          Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: arnOf(`${name}Logs`) } }],
        },
      });
    });

    it('of each kind runs the same image with a command and a role of its own', () => {
      const tasks = resourcesOf(template(), 'AWS::ECS::TaskDefinition').map(([name, { Properties = {} }]) => {
        const [{ Image, Command }] = Properties['ContainerDefinitions'] as [{ Image: string; Command: string[] }];
        return { name, image: Image, command: Command, role: Properties['TaskRoleArn'] };
      });
      const [{ image } = { image: undefined }] = tasks;
      expect(tasks).toEqual([
        { name: 'WorkerTask', image, command: ['dump'], role: arnOf('WorkerRole') },
        { name: 'RestoreTask', image, command: ['restore'], role: arnOf('RestoreWorkerRole') },
        { name: 'RestoreTestTask', image, command: ['restore-test'], role: arnOf('RestoreTestWorkerRole') },
      ]);
    });
  });

  describe('the backstop', () => {
    it('hears of every bad end of a machine that runs a worker, and what it cannot take is kept', () => {
      expect(propertiesOf(template(), 'BackstopRule')).toMatchObject({
        EventPattern: {
          source: ['aws.states'],
          'detail-type': ['Step Functions Execution Status Change'],
          detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: MACHINES.map(([name]) => ref(name)) },
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
            FilterPolicy: { outcome: ['failed', 'aborted', 'overdue', 'unconfigured', 'started'] },
          },
          { TopicArn: ref('AlarmTopic'), Protocol: 'email', Endpoint },
        ]),
      );
    });

    it('of restore tests that end otherwise than well are alarms', () => {
      const ofTests = resourcesOf(template(), 'AWS::CloudWatch::Alarm').filter(([, { Properties }]) =>
        JSON.stringify(Properties?.['Dimensions']).includes(JSON.stringify(ref('RestoreTestMachine'))),
      );
      // However an execution may end but well.
      expect(ofTests.map(([, { Properties }]) => Properties?.['MetricName']).sort()).toEqual([
        'ExecutionsAborted',
        'ExecutionsFailed',
        'ExecutionsTimedOut',
      ]);
      for (const [, { Properties }] of ofTests) {
        expect(Properties).toMatchObject({ Namespace: 'AWS/States', Statistic: 'Sum', Threshold: 1 });
      }
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
