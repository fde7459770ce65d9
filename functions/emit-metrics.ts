/** Writes metrics to the function's log. */
import { stage } from '../aws/environment.ts';
import { metricLine, type Metric } from '../core/metric-line.ts';

/**
 * Not by console.log: that puts words before the line, and CloudWatch would not know it.
 * @param source undefined: the metrics are of the whole stage
 */
export function emitMetrics(metrics: readonly Metric[], source: string | undefined, at: Date): void {
  if (metrics.length === 0) return;
  process.stdout.write(`${metricLine(metrics, { stage: stage(), ...(source !== undefined && { source }) }, at)}\n`);
}
