/**
 * The straight line nearest to some points, by least squares of their relative distances: what disturbs a run takes a share of
 * its time, and in seconds the largest point alone would decide.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** The largest distance of a point from the line, as a share of the line's value there. */
  readonly largestDeviation: number;
}

/**
 * @param points with a `y` above 0
 * @returns undefined for fewer than three points: two are always on a line
 */
export function fitLine(points: readonly Point[]): Line | undefined {
  if (points.length < 3) return undefined;
  const sum = (of: (point: Point) => number): number => points.reduce((total, p) => total + of(p) / p.y ** 2, 0);
  const mean = (of: (point: Point) => number): number => sum(of) / sum(() => 1);
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  const slope = mean((p) => (p.x - x) * (p.y - y)) / mean((p) => (p.x - x) ** 2);
  const intercept = y - slope * x;
  const deviations = points.map((point) => Math.abs(point.y / (intercept + slope * point.x) - 1));
  return { slope, intercept, largestDeviation: Math.max(...deviations) };
}
