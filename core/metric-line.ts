/** Metrics as a line of a function's log, which CloudWatch reads (embedded metric format). */

export const METRIC_NAMESPACE = 'Holdfast';

export interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'Seconds' | 'Bytes';
  readonly value: number;
}

/**
 * The format is https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
 * Each metric is there once for every set of dimensions: an alarm over all sources watches the set without one.
 * @param dimensions such as `{ Source: 'orders' }`
 */
export function metricLine(metrics: readonly Metric[], dimensions: Readonly<Record<string, string>>, at: Date): string {
  return JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [[], Object.keys(dimensions)],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}
