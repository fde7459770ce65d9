/**
 * Which recovery points of a source stay and which go, each with all its reasons. Pure: the same points, policy and
 * moment give the same plan.
 */
import { HoldfastError } from '../errors.ts';
import { formatDuration } from '../format.ts';
import { isTooOld, keepReasons } from './keep-rules.ts';
import type { Policy } from './policy.ts';
import { counts, newestFirst, type Point } from './recovery-point.ts';

/** What becomes of one thing that a run left. */
export interface Fate {
  readonly keep: boolean;
  /** At least one, for a person. */
  readonly reasons: readonly string[];
}

export interface Decision {
  readonly point: Point;
  /** What is to be done; `remove` takes everything that the run left. */
  readonly action: 'keep' | 'removeSnapshot' | 'removeDump' | 'remove';
  /** Of the objects in the bucket. */
  readonly dump: Fate;
  /** Of the RDS snapshot; null: there is none. */
  readonly snapshot: Fate | null;
}

export interface RetentionPlan {
  /** One for each point, newest first. */
  readonly decisions: readonly Decision[];
  /** Why nothing goes at all; null: the rules apply. */
  readonly frozen: string | null;
}

/** So long a person has for `holdfast accept`, even when later points are verified. */
const SUSPECT_STAYS_MS = 30 * 86_400_000;

/** @throws RetentionRefused where the rules themselves would break the promise that they are to keep: a bug */
export function planRetention(points: readonly Point[], policy: Policy, now: Date): RetentionPlan {
  const sorted = [...points].sort(newestFirst);
  const counted = sorted.filter(counts);
  const frozen = whyFrozen(counted[0], policy, now);
  const dumps = dumpFates(sorted, counted, policy, now);
  const snapshots = snapshotFates(sorted, dumps, policy, now);
  const decisions = sorted.map((point) => decide(point, fateOf(dumps, point), snapshots.get(point) ?? null, frozen));
  requireProtected(decisions, policy);
  return { decisions, frozen };
}

function whyFrozen(newest: Point | undefined, { staleAfterMs }: Policy, now: Date): string | null {
  if (!newest) return 'nothing goes: no verified recovery point exists';
  const ageMs = now.getTime() - Date.parse(newest.startedAt);
  if (ageMs <= staleAfterMs) return null;
  const limit = formatDuration(staleAfterMs);
  return `nothing goes: the newest verified point is ${formatDuration(ageMs)} old, more than ${limit}`;
}

/** By point, not by name: that of an execution may be used again after 90 days. */
type Fates = ReadonlyMap<Point, Fate>;

const stays = (...reasons: string[]): Fate => ({ keep: true, reasons });
const goes = (...reasons: string[]): Fate => ({ keep: false, reasons });

function fateOf(fates: Fates, point: Point): Fate {
  return fates.get(point) ?? stays('nothing is known of it');
}

function dumpFates(points: readonly Point[], counted: readonly Point[], policy: Policy, now: Date): Fates {
  const reasons = keepReasons(counted, policy, now);
  const newest = counted[0];
  const fate = (point: Point): Fate => {
    const rules = reasons.get(point);
    if (!rules) return fateOfUncounted(point, newest, policy, now);
    if (rules.length > 0) return stays(...rules);
    return goes(isTooOld(point, policy, now) ? `older than ${policy.rules?.maxAge ?? ''}` : 'no rule keeps it');
  };
  return new Map(points.map((point) => [point, withProtection(point, fate(point))]));
}

/** What counts towards no rule: it goes once something better exists. */
function fateOfUncounted(point: Point, newest: Point | undefined, { rules }: Policy, now: Date): Fate {
  if (point.isRunning) return stays('still running');
  if (point.isDeleting) return goes('its removal has begun');
  if (point.verdict === 'snapshot-only') return stays('snapshot only');
  // It has a manifest: half a backup, or one in doubt, may be all that a person wants back.
  if (!rules && point.verdict !== null) return stays(`${point.verdict}, and no retention is configured`);
  const what = point.verdict ?? 'failed';
  if (!newest || newest.startedAt <= point.startedAt) return stays(`${what}, and no later point is verified`);
  const ageMs = now.getTime() - Date.parse(point.startedAt);
  if (point.verdict === 'suspect' && ageMs <= SUSPECT_STAYS_MS) {
    return stays(`suspect: may be accepted until it is ${formatDuration(SUSPECT_STAYS_MS)} old`);
  }
  return goes(`${what}, and a later point is verified`);
}

/** What stays whatever the rules say. */
function withProtection({ hold, isBeingRestored }: Point, fate: Fate): Fate {
  const protections = [...(hold === null ? [] : [`held: ${hold}`]), ...(isBeingRestored ? ['being restored'] : [])];
  if (protections.length === 0) return fate;
  return stays(...protections, ...(fate.keep ? fate.reasons : []));
}

/** Snapshots have a limit of their own, because a quota holds them: a dump may outlive its snapshot, and the reverse. */
function snapshotFates(points: readonly Point[], dumps: Fates, policy: Policy, now: Date): Fates {
  const withSnapshot = points.filter(({ snapshot }) => snapshot !== null);
  const ranked = withSnapshot.filter((point) => !isInDoubt(point));
  const fates = withSnapshot.map((point) => {
    const fate = fateOfSnapshot(point, ranked.indexOf(point) + 1, fateOf(dumps, point), policy, now);
    return [point, withProtection(point, fate)] as const;
  });
  return new Map(fates);
}

/** Its snapshot was taken of the same data: it must not push out that of a good point. */
const isInDoubt = (point: Point): boolean => point.verdict === 'suspect' && !point.isAccepted;

/** @param rank 1: the newest of the source's snapshots; 0: it is in doubt, and takes no place */
function fateOfSnapshot(point: Point, rank: number, dump: Fate, policy: Policy, now: Date): Fate {
  const { rules, snapshotsKept } = policy;
  const isAlone = point.verdict === 'snapshot-only';
  if (point.isSnapshotDeleting) return goes('its removal has begun');
  if (snapshotsKept !== undefined && rank > snapshotsKept) return goes(`older than the newest ${snapshotsKept}`);
  if (isTooOld(point, policy, now) && (isAlone || !dump.keep)) return goes(`older than ${rules?.maxAge ?? ''}`);
  if (snapshotsKept !== undefined && rank > 0) return stays(`snapshot ${rank} of ${snapshotsKept}`);
  if (isAlone) return stays('snapshot.keepLast is not set');
  return dump.keep ? stays('as long as its dump') : goes('its dump goes');
}

function decide(point: Point, dump: Fate, snapshot: Fate | null, frozen: string | null): Decision {
  if (frozen !== null) return { point, action: 'keep', dump: stays(frozen), snapshot: snapshot && stays(frozen) };
  return { point, action: actionOf(point, dump, snapshot), dump, snapshot };
}

function actionOf({ verdict }: Point, dump: Fate, snapshot: Fate | null): Decision['action'] {
  // Of a snapshot without a dump there is nothing else to keep or to remove.
  if (verdict === 'snapshot-only' && snapshot) return snapshot.keep ? 'keep' : 'remove';
  if (dump.keep) return snapshot && !snapshot.keep ? 'removeSnapshot' : 'keep';
  return snapshot?.keep === true ? 'removeDump' : 'remove';
}

/**
 * Looks once more at the result, by the promise and not by the rules.
 * @param decisions newest first
 * @throws RetentionRefused naming the point that would be lost
 */
export function requireProtected(decisions: readonly Decision[], { rules }: Pick<Policy, 'rules'>): void {
  const counted = decisions.filter(({ point }) => counts(point));
  const protectedRuns = counted.slice(0, rules?.atLeast ?? 1);
  const lost = protectedRuns.find(({ action }) => action === 'remove' || action === 'removeDump');
  if (!lost) return;
  throw new HoldfastError(
    'RetentionRefused',
    `the plan would remove run ${lost.point.run}, one of the ${protectedRuns.length} newest verified points`,
  );
}
