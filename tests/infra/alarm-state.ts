/** What CloudWatch makes of an alarm, given the lines that functions write. */
import { METRIC_NAMESPACE } from '../../core/metric-line.ts';

export interface Alarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Statistic: 'Maximum' | 'Minimum' | 'Sum';
  /** Seconds. */
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly ComparisonOperator: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  readonly TreatMissingData: 'breaching' | 'notBreaching';
}

/** A line in the embedded metric format. */
interface Line extends Readonly<Record<string, unknown>> {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
}

/**
 * @param periods what was written in each of the last periods, oldest first: lines of JSON, or the values that AWS itself
 * has measured
 */
export function stateOf(alarm: Alarm, periods: readonly (readonly (string | number)[])[]): 'ALARM' | 'OK' {
  const looked = periods.slice(-alarm.EvaluationPeriods);
  if (looked.length < alarm.EvaluationPeriods) throw new Error(`${alarm.MetricName}: too few periods`);
  const isBreached = looked.every((written) =>
    isBreaching(
      alarm,
      written.flatMap((each) => valuesOf(alarm, each)),
    ),
  );
  return isBreached ? 'ALARM' : 'OK';
}

function isBreaching(alarm: Alarm, values: readonly number[]): boolean {
  if (values.length === 0) return alarm.TreatMissingData === 'breaching';
  const value = STATISTICS[alarm.Statistic](values);
  return alarm.ComparisonOperator === 'LessThanThreshold' ? value < alarm.Threshold : value >= alarm.Threshold;
}

const STATISTICS: Readonly<Record<Alarm['Statistic'], (values: readonly number[]) => number>> = {
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
};

function valuesOf(alarm: Alarm, written: string | number): number[] {
  if (typeof written === 'number') return alarm.Namespace === METRIC_NAMESPACE ? [] : [written];
  const line = JSON.parse(written) as Line;
  const isMeant = line._aws.CloudWatchMetrics.some(
    ({ Namespace, Dimensions, Metrics }) =>
      Namespace === alarm.Namespace &&
      Metrics.some(({ Name }) => Name === alarm.MetricName) &&
      Dimensions.some((names) =>
        isSameSet(
          names,
          alarm.Dimensions.map(({ Name }) => Name),
        ),
      ),
  );
  const isOfIt = alarm.Dimensions.every(({ Name, Value }) => line[Name] === Value);
  return isMeant && isOfIt ? [Number(line[alarm.MetricName])] : [];
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each) => others.includes(each));
}
