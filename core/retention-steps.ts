/** What the states of the retention machine hand to one another: statemachine/retention.asl.json. */
import * as z from 'zod';
import { firstThatFit, PAYLOAD_MAX_BYTES } from './payload.ts';
import type { Metric } from './metric-line.ts';

/** Input of an execution of the retention machine, by its schedule or by a person. */
export const RetentionInput = z.strictObject({
  /** Absent: all that are configured. */
  source: z.string().min(1).optional(),
  /** Plans and tells, and removes nothing. */
  dryRun: z.boolean().default(false),
  /** The console's "Start execution" adds it; it has no meaning here. */
  Comment: z.string().optional(),
});

export interface ListedSources {
  readonly sources: readonly string[];
  readonly dryRun: boolean;
  /** How much each source may tell of its points, as JSON. */
  readonly tellBytes: number;
}

/** The numbers of a source, or why it failed: what is in its result besides what it tells of its points. */
const SOURCE_BYTES = 512;
/** What the states add around the results of all sources. */
const ENVELOPE_BYTES = 8 * 1024;

/** All sources share one payload: of one alone every point can be told, of 500 the numbers. */
export function tellBytesOf(sources: number): number {
  return Math.max(0, Math.floor((PAYLOAD_MAX_BYTES - ENVELOPE_BYTES) / sources) - SOURCE_BYTES);
}

const TellBytes = z.int().nonnegative();

export const PlanRetentionInput = z.object({ source: z.string(), dryRun: z.boolean(), tellBytes: TellBytes });

/** One removal that is to be done. */
export const Removal = z.object({
  /** Key of the run's row, with the partition of its source. */
  sk: z.string(),
  action: z.enum(['removeSnapshot', 'removeDump', 'remove']),
  reasons: z.array(z.string()),
});
export type Removal = z.infer<typeof Removal>;

const PlannedPoint = z.object({
  run: z.string(),
  startedAt: z.string(),
  verdict: z.string().nullable(),
  action: z.enum(['keep', ...Removal.shape.action.options]),
  /** Of the dump. */
  reasons: z.array(z.string()).readonly(),
  snapshot: z.object({ identifier: z.string(), keep: z.boolean(), reasons: z.array(z.string()).readonly() }).nullable(),
});
export type PlannedPoint = z.infer<typeof PlannedPoint>;

/** Result of PlanRetention. */
export const PlannedRetention = z.object({
  source: z.string(),
  timezone: z.string(),
  /** Why nothing goes at all; null: the rules apply. */
  frozen: z.string().nullable(),
  pointsKept: z.int(),
  pointsToRemove: z.int(),
  unreadableRows: z.int(),
  /** Oldest first, and the oldest only where they are many; empty in a dry run. */
  removals: z.array(Removal),
  /** Newest first, and the newest only where they are many; only in a dry run. */
  points: z.array(PlannedPoint),
});
export type PlannedRetention = z.infer<typeof PlannedRetention>;

/** The plan as the machine hands it on. */
export function shortenPlan(plan: PlannedRetention, tellBytes: number): PlannedRetention {
  return { ...plan, points: firstThatFit(plan.points, tellBytes) };
}

export const ApplyRetentionInput = z.object({
  source: z.string(),
  removals: z.array(Removal).readonly(),
  tellBytes: TellBytes,
});
export type ApplyRetentionInput = z.infer<typeof ApplyRetentionInput>;

/** A removal that was not done, or not to its end; neither is a failure. */
const KeptPoint = z.object({
  sk: z.string(),
  action: Removal.shape.action,
  why: z.string(),
  /** It had begun: AWS refused something that Holdfast did not know of, and the point is no longer whole. */
  isInterrupted: z.boolean(),
});
export type KeptPoint = z.infer<typeof KeptPoint>;

export function metricsOfRemovals(kept: readonly KeptPoint[]): Metric[] {
  const value = kept.filter(({ isInterrupted }) => isInterrupted).length;
  return [{ name: 'RemovalsInterrupted', unit: 'Count', value }];
}

/** Result of ApplyRetention. */
export const AppliedRetention = z.object({
  source: z.string(),
  /** Removals that are done, also where an attempt of this state before had done them. */
  removed: z.int(),
  /** Removals that wait for the next run: one run does so many. */
  postponed: z.int(),
  /** How many were not done, or not to their end. */
  keptTotal: z.int(),
  /** The first of them: the results of all sources share one payload. */
  kept: z.array(KeptPoint),
});
export type AppliedRetention = z.infer<typeof AppliedRetention>;

/** The result as the machine hands it on; the function's log has all of it. */
export function shortenApplied(applied: AppliedRetention, tellBytes: number): AppliedRetention {
  return { ...applied, kept: firstThatFit(applied.kept, tellBytes) };
}
