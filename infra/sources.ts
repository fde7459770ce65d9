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
      ...Object.fromEntries(Object.entries(config.sources).flatMap(([name, source]) => schedule(name, source))),
      ...subscriptions(config),
    },
  };
}

function schedule(name: string, source: Source): [string, unknown][] {
  if (!source.schedule) return [];
  const { cron, timezone, jitterMinutes } = source.schedule;
  return [
    [
      // Names hold no capital letter, so "Dash" cannot make two of them the same.
      `BackupSchedule${name.replaceAll('-', 'Dash')}`,
      {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          Name: `holdfast-\${sls:stage}-${name}-backup`,
          Description: `Backs up ${name}`,
          ScheduleExpression: `cron(${cron})`,
          ScheduleExpressionTimezone: timezone,
          FlexibleTimeWindow:
            jitterMinutes > 0 ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: jitterMinutes } : { Mode: 'OFF' },
          Target: {
            Arn: ref('BackupMachine'),
            RoleArn: arnOf('ScheduleRole'),
            Input: JSON.stringify({ source: name, trigger: 'schedule', scheduledTime: SCHEDULED_TIME }),
            RetryPolicy: RETRY_POLICY,
            DeadLetterConfig: { Arn: arnOf('ScheduleQueue') },
          },
        },
      },
    ],
  ];
}

function subscriptions({ notifications }: Config): Record<string, unknown> {
  // A stopped run is a failed one to whoever reads mail.
  const outcomes = notifications.on.flatMap((outcome) => (outcome === 'failed' ? ['failed', 'aborted'] : [outcome]));
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

/** The bucket's encryption: with the configured key, else with S3's own. */
export function bucketEncryption(): unknown {
  const kmsKey = serviceConfig().storage.kmsKey;
  return {
    ServerSideEncryptionConfiguration: [
      kmsKey === undefined
        ? { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }
        : {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKey },
          },
    ],
  };
}
