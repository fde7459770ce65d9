/** State PlanRetention: decides what of one source stays and what goes. It removes nothing. */
import { PlanRetentionInput, shortenPlan, type PlannedPoint, type PlannedRetention } from '../core/retention-steps.ts';
import { decideSource, removalOf, type DecidedPoint } from './decide-source.ts';
import { taskHandler } from './handler.ts';

/**
 * So many removals are handed on: more than one run carries out, because some may be of points that S3 protects. A
 * payload of Step Functions holds 256 KiB, and a removal is some 200 bytes.
 */
const HANDED_ON_MAX = 500;

/** @param now the moment that ages are counted from */
export async function planSource(source: string, dryRun: boolean, now: Date): Promise<PlannedRetention> {
  const { decisions, frozen, policy, unreadable } = await decideSource(source, now);
  const removals = decisions.flatMap((decision) => removalOf(decision) ?? []).reverse();
  return {
    source,
    timezone: policy.timezone,
    frozen,
    pointsKept: decisions.length - removals.length,
    pointsToRemove: removals.length,
    unreadableRows: unreadable.length,
    removals: dryRun ? [] : removals.slice(0, HANDED_ON_MAX),
    points: dryRun ? decisions.map(toPlannedPoint) : [],
  };
}

function toPlannedPoint({ point, action, dump, snapshot }: DecidedPoint): PlannedPoint {
  const { run, startedAt, verdict } = point;
  return {
    run,
    startedAt,
    verdict,
    action,
    reasons: dump.reasons,
    snapshot: snapshot && { identifier: point.snapshot ?? '', keep: snapshot.keep, reasons: snapshot.reasons },
  };
}

export const handler = taskHandler(PlanRetentionInput, async ({ source, dryRun, tellBytes }) =>
  shortenPlan(await planSource(source, dryRun, new Date()), tellBytes),
);
