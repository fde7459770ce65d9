/** Part of state ApplyRetention: nothing goes for the sake of points that are not there. */
import { whatIsMissing } from '../aws/point-objects.ts';
import { HoldfastError } from '../core/errors.ts';
import { counts } from '../core/retention/recovery-point.ts';
import type { DecidedSource } from './decide-source.ts';

/**
 * At least so many of the newest points that stay are looked at. One that has lost objects stops the retention of its
 * source, until so many newer ones are verified; the sweep looks at all.
 */
const POINTS_LOOKED_AT = 5;

/** @throws RetentionRefused naming the newest point that stays and is not whole in the bucket, and what it lacks */
export async function requireStored({ decisions, policy }: DecidedSource): Promise<void> {
  const staying = decisions.filter(({ point, action }) => counts(point) && /^(keep|removeSnapshot)$/.test(action));
  const looked = staying.slice(0, Math.max(POINTS_LOOKED_AT, policy.rules?.atLeast ?? 1)).map(({ row }) => row);
  const missing = await Promise.all(looked.map(whatIsMissing));
  const index = missing.findIndex((what) => what !== undefined);
  if (index === -1) return;
  throw new HoldfastError(
    'RetentionRefused',
    `nothing is removed: run ${looked[index]?.run ?? ''}, which stays, has lost ${missing[index] ?? ''}`,
  );
}
