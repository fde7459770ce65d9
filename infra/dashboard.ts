/** A CloudWatch dashboard that shows a fleet at a glance; sources appear in it by themselves. */
import { METRIC_NAMESPACE } from '../core/metric-line.ts';
import { sub, type Fragment } from './cloudformation.ts';

const STAGE = '${sls:stage}';
const HOUR_S = 3600;
const DAY_S = 86_400;

/** Logical ids of the alarms that are shown. */
const ALARMS = [
  'SourcesOverdueAlarm',
  'RestoreTestsOverdueAlarm',
  'RestoreTestFailedAlarm',
  'RestoreTestTimedOutAlarm',
  'RestoreTestAbortedAlarm',
  'RecoveryTimeAlarm',
  'LeftoversAlarm',
  'PointsDamagedAlarm',
  'RemovalsInterruptedAlarm',
  'RetentionFailedAlarm',
  'RetentionMissedAlarm',
  'VerificationMismatchAlarm',
  'MessageNotSentAlarm',
  'BackstopQueueAlarm',
  'ScheduleQueueAlarm',
];

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** As a CloudFormation fragment. */
export function dashboard(): Fragment {
  const widgets = [
    alarms({ x: 0, y: 0, width: 12, height: 4 }),
    figure('Sources overdue', 'SourcesOverdue', { x: 12, y: 0, width: 4, height: 4 }),
    figure('Oldest verified point, seconds', 'AgeSeconds', { x: 16, y: 0, width: 4, height: 4 }),
    figure('Restore tests overdue', 'RestoreTestsOverdue', { x: 20, y: 0, width: 4, height: 4 }),
    bySource('Age of the newest verified point', 'AgeSeconds', HOUR_S, { x: 0, y: 4, width: 12, height: 7 }),
    bySource('Verified runs a day', 'Verified', DAY_S, { x: 12, y: 4, width: 12, height: 7 }, 'Sum'),
    bySource('Bytes of a run', 'Bytes', DAY_S, { x: 0, y: 11, width: 12, height: 7 }),
    bySource('Duration of a run, seconds', 'Seconds', DAY_S, { x: 12, y: 11, width: 12, height: 7 }),
    bySource('Age of the last passed restore test', 'RestoreTestAgeSeconds', HOUR_S, {
      x: 0,
      y: 18,
      width: 12,
      height: 7,
    }),
    bySource('Recovery time in restore tests, seconds', 'RecoverySeconds', DAY_S, {
      x: 12,
      y: 18,
      width: 12,
      height: 7,
    }),
  ];
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardName: `holdfast-${STAGE}`, DashboardBody: sub(JSON.stringify({ widgets })) },
      },
    },
  };
}

function alarms(place: Place): object {
  const properties = { title: 'Alarms', alarms: ALARMS.map((name) => `\${${name}.Arn}`) };
  return { type: 'alarm', ...place, properties };
}

/** The newest value of a metric of the stage. */
function figure(title: string, metric: string, place: Place): object {
  const metrics = [[METRIC_NAMESPACE, metric, 'Stage', STAGE]];
  return {
    type: 'metric',
    ...place,
    properties: { title, view: 'singleValue', metrics, stat: 'Maximum', period: HOUR_S, region: '${AWS::Region}' },
  };
}

/** A line for each source that there is, or was in the time shown. */
function bySource(title: string, metric: string, periodS: number, place: Place, stat = 'Maximum'): object {
  const search = `{${METRIC_NAMESPACE},Source,Stage} MetricName="${metric}" Stage="${STAGE}"`;
  const metrics = [[{ expression: `SEARCH('${search}', '${stat}', ${periodS})`, id: 'e1', label: '' }]];
  return {
    type: 'metric',
    ...place,
    properties: { title, view: 'timeSeries', metrics, period: periodS, region: '${AWS::Region}' },
  };
}
