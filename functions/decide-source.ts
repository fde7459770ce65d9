/** Part of states PlanRetention and ApplyRetention: what of a source stays and what goes, by its rows as they are now. */
import { tableName } from '../aws/environment.ts';
import { runsOfSource } from '../aws/source-runs.ts';
import { resolveSource } from '../core/config/plan-source.ts';
import { planRetention, type Decision } from '../core/retention/plan-retention.ts';
import { retentionPolicy, type Policy } from '../core/retention/policy.ts';
import { toPoint, type PointRow } from '../core/retention/recovery-point.ts';
import type { Removal } from '../core/retention-steps.ts';
import { deployedConfig } from './deployed-config.ts';

export interface DecidedPoint extends Decision {
  readonly row: PointRow;
}

export interface DecidedSource {
  readonly policy: Policy;
  /** Newest first; what is left of removed points is not among them. */
  readonly decisions: readonly DecidedPoint[];
  /** Why nothing goes at all; null: the rules apply. */
  readonly frozen: string | null;
  /** Sort keys of rows that could not be read. */
  readonly unreadable: readonly string[];
}

/**
 * @param now the moment that ages are counted from
 * @throws RetentionRefused where the rules themselves would break the promise that they are to keep: a bug
 */
export async function decideSource(source: string, now: Date): Promise<DecidedSource> {
  const policy = retentionPolicy(resolveSource(deployedConfig(), source).source);
  const { runs, unreadable } = await runsOfSource(tableName(), source);
  const rows = new Map(
    runs.flatMap((row) => {
      const point = toPoint(row);
      return point ? [[point, row] as const] : [];
    }),
  );
  const { decisions, frozen } = planRetention([...rows.keys()], policy, now);
  const decided = decisions.flatMap((decision) => {
    const row = rows.get(decision.point);
    return row ? [{ ...decision, row }] : [];
  });
  return { policy, decisions: decided, frozen, unreadable };
}

/** @returns undefined where nothing goes */
export function removalOf({ row, action, dump, snapshot }: DecidedPoint): Removal | undefined {
  if (action === 'keep') return undefined;
  const isOfSnapshot = action === 'removeSnapshot' || row.verdict === 'snapshot-only';
  return { sk: row.sk, action, reasons: [...((isOfSnapshot ? snapshot?.reasons : dump.reasons) ?? [])] };
}
