/** What the states of the retention machine hand to one another: statemachine/retention.asl.json. */
import * as z from 'zod';
import type { Decision } from './retention/plan-retention.ts';

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
}

export const PlanRetentionInput = z.object({ source: z.string(), dryRun: z.boolean() });

/** One removal that is to be done. */
export const Removal = z.object({
  /** Key of the run's row, with the partition of its source. */
  sk: z.string(),
  action: z.enum(['removeSnapshot', 'removeDump', 'remove']),
  reasons: z.array(z.string()),
});
export type Removal = z.infer<typeof Removal>;

/** A decision without what the point itself says, as it is shown to a person. */
export interface PlannedPoint {
  readonly run: string;
  readonly startedAt: string;
  readonly verdict: string | null;
  readonly action: Decision['action'];
  readonly reasons: readonly string[];
  readonly snapshot: {
    readonly identifier: string;
    readonly keep: boolean;
    readonly reasons: readonly string[];
  } | null;
}

export interface PlannedRetention {
  readonly source: string;
  readonly timezone: string;
  /** Why nothing goes at all; null: the rules apply. */
  readonly frozen: string | null;
  readonly pointsKept: number;
  readonly pointsToRemove: number;
  readonly unreadableRows: number;
  /** Oldest first, no more than one run may remove; empty in a dry run. */
  readonly removals: readonly Removal[];
  /** Newest first; only in a dry run. */
  readonly points: readonly PlannedPoint[];
}

export const ApplyRetentionInput = z.object({ source: z.string(), removals: z.array(Removal).readonly() });
export type ApplyRetentionInput = z.infer<typeof ApplyRetentionInput>;

/** A removal that was not done, or not to its end; neither is a failure. */
export interface KeptPoint {
  readonly sk: string;
  readonly action: Removal['action'];
  readonly why: string;
  /** It had begun: AWS refused something that Holdfast did not know of, and the point is no longer whole. */
  readonly isInterrupted: boolean;
}

export interface AppliedRetention {
  readonly source: string;
  readonly removed: number;
  readonly kept: readonly KeptPoint[];
}
