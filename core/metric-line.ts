/** Metrics as a line of a function's log, which CloudWatch reads (embedded metric format). */

export const METRIC_NAMESPACE = 'Holdfast';

export interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'Seconds' | 'Bytes';
  readonly value: number;
}

/**
 * The format is https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
 * A metric of a source is there twice: of the stage, for an alarm over all sources, and of the source.
 */
export function metricLine(
  metrics: readonly Metric[],
  of: { readonly stage: string; readonly source?: string },
  at: Date,
): string {
  return JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [['Stage'], ...(of.source === undefined ? [] : [['Stage', 'Source']])],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    Stage: of.stage,
    ...(of.source !== undefined && { Source: of.source }),
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}
