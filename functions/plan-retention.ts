/** State PlanRetention: decides what of one source stays and what goes. It removes nothing. */
import { tableName } from '../aws/environment.ts';
import { runsOfSource } from '../aws/source-runs.ts';
import { resolveSource } from '../core/config/plan-source.ts';
import { runKey } from '../core/keys.ts';
import { planRetention, type Decision } from '../core/retention/plan-retention.ts';
import { retentionPolicy } from '../core/retention/policy.ts';
import { toPoint } from '../core/retention/recovery-point.ts';
import { PlanRetentionInput, type PlannedPoint, type PlannedRetention, type Removal } from '../core/retention-steps.ts';
import { deployedConfig } from './deployed-config.ts';
import { taskHandler } from './handler.ts';

/** So many points of a source go in one run: whoever has made a mistake in holdfast.yml has days to notice. */
const REMOVALS_MAX = 50;

/** @param now the moment that ages are counted from */
export async function planSource(source: string, dryRun: boolean, now: Date): Promise<PlannedRetention> {
  const policy = retentionPolicy(resolveSource(deployedConfig(), source).source);
  const { runs, unreadable } = await runsOfSource(tableName(), source);
  const points = runs.flatMap((run) => toPoint(run) ?? []);
  const { decisions, frozen } = planRetention(points, policy, now);
  const removals = decisions.flatMap((decision) => toRemoval(source, decision)).reverse();
  return {
    source,
    timezone: policy.timezone,
    frozen,
    pointsKept: decisions.length - removals.length,
    pointsToRemove: removals.length,
    unreadableRows: unreadable,
    removals: dryRun ? [] : removals.slice(0, REMOVALS_MAX),
    points: dryRun ? decisions.map(toPlannedPoint) : [],
  };
}

function toRemoval(source: string, { point, action, dump, snapshot }: Decision): Removal[] {
  if (action === 'keep') return [];
  const reasons = action === 'removeSnapshot' || point.verdict === 'snapshot-only' ? snapshot?.reasons : dump.reasons;
  return [{ sk: runKey({ source, ...point }).sk, action, reasons: [...(reasons ?? [])] }];
}

function toPlannedPoint({ point, action, dump, snapshot }: Decision): PlannedPoint {
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

export const handler = taskHandler(PlanRetentionInput, ({ source, dryRun }) => planSource(source, dryRun, new Date()));
