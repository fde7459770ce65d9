/** What the template holds for each source and each e-mail address of holdfast.yml. */
import type { Config, Source } from '../core/config/schema.ts';
import { arnOf, ref, type Fragment } from './cloudformation.ts';
import { serviceConfig } from './service-config.ts';

/** Filled in by EventBridge Scheduler: the slot, the same for every delivery of one start. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/** Deliveries of one start are tried for an hour; the slot's claim makes a second delivery harmless. */
const RETRY_POLICY = { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 30 };

/** Schedules and subscriptions, as a CloudFormation fragment. */
export function sources(): Fragment {
  const config = serviceConfig();
  return {
    Resources: {
      ScheduleQueue: {
        Type: 'AWS::SQS::Queue',
        Properties: { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true },
      },
      ...Object.fromEntries(
        Object.entries(config.sources).flatMap(([name, source]) => [
          ...backupSchedule(name, source),
          ...testSchedule(name, source),
        ]),
      ),
      ...subscriptions(config),
    },
  };
}

/** Names hold no capital letter, so "Dash" cannot make two of them the same. */
const idOf = (name: string): string => name.replaceAll('-', 'Dash');

function backupSchedule(name: string, { schedule }: Source): [string, unknown][] {
  if (!schedule) return [];
  const { cron, timezone, jitterMinutes } = schedule;
  const properties = {
    Name: `holdfast-\${sls:stage}-${name}-backup`,
    Description: `Backs up ${name}`,
    ScheduleExpression: `cron(${cron})`,
    ScheduleExpressionTimezone: timezone,
    FlexibleTimeWindow:
      jitterMinutes > 0 ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: jitterMinutes } : { Mode: 'OFF' },
    Target: target('BackupMachine', { source: name, trigger: 'schedule', scheduledTime: SCHEDULED_TIME }),
  };
  return [[`BackupSchedule${idOf(name)}`, { Type: 'AWS::Scheduler::Schedule', Properties: properties }]];
}

function testSchedule(name: string, { restoreTest }: Source): [string, unknown][] {
  if (!restoreTest) return [];
  const { cron, timezone, window } = restoreTest;
  const properties = {
    Name: `holdfast-\${sls:stage}-${name}-test`,
    Description: `Tests the restore of ${name}`,
    ScheduleExpression: `cron(${cron})`,
    ScheduleExpressionTimezone: timezone,
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: target('RestoreTestMachine', {
      source: name,
      trigger: 'schedule',
      scheduledTime: SCHEDULED_TIME,
      ...(window !== undefined && { window }),
    }),
  };
  return [[`TestSchedule${idOf(name)}`, { Type: 'AWS::Scheduler::Schedule', Properties: properties }]];
}

function target(machine: string, input: object): unknown {
  return {
    Arn: ref(machine),
    RoleArn: arnOf('ScheduleRole'),
    Input: JSON.stringify(input),
    RetryPolicy: RETRY_POLICY,
    DeadLetterConfig: { Arn: arnOf('ScheduleQueue') },
  };
}

function subscriptions({ notifications }: Config): Record<string, unknown> {
  // A stopped run, one that never came, and a source of which none comes any more are failures to whoever reads mail.
  const outcomes = notifications.on.flatMap((outcome) =>
    outcome === 'failed' ? ['failed', 'aborted', 'overdue', 'unconfigured'] : [outcome],
  );
  const subscribe = (topic: string, Endpoint: string, filter: Record<string, unknown>): unknown => ({
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: ref(topic), Protocol: 'email', Endpoint, ...filter },
  });
  return Object.fromEntries(
    notifications.email.flatMap((address, index) => [
      [`Subscription${index + 1}`, subscribe('Topic', address, { FilterPolicy: { outcome: outcomes } })],
      [`AlarmSubscription${index + 1}`, subscribe('AlarmTopic', address, {})],
    ]),
  );
}
