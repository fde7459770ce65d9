/** A run as retention looks at it: what it left, and what speaks for keeping that. */
import type * as z from 'zod';
import { Snapshot, type Verdict } from '../manifest.ts';
import { RunRow } from '../run-record.ts';

/**
 * As much of a run's row as decides about what the run left. The rest may have the shape of another version of Holdfast,
 * and is read where it is used.
 */
export const PointRow = RunRow.pick({
  pk: true,
  sk: true,
  source: true,
  run: true,
  startedAt: true,
  status: true,
  verdict: true,
  hold: true,
  accepted: true,
  restores: true,
  deleting: true,
  snapshotDeleting: true,
  snapshotDeletedAt: true,
  dumpDeletedAt: true,
  deletedAt: true,
}).extend({ snapshot: Snapshot.pick({ kind: true, identifier: true }).nullable().optional() });
export type PointRow = z.infer<typeof PointRow>;

export interface Point {
  readonly run: string;
  /** ISO-8601 UTC: the time that the rules go by. */
  readonly startedAt: string;
  readonly isRunning: boolean;
  /** null: the run left no manifest, so whatever it left is no backup. */
  readonly verdict: Verdict | null;
  /** A person has accepted it although it is suspect. */
  readonly isAccepted: boolean;
  /** Why a person holds it; null: nobody does. */
  readonly hold: string | null;
  readonly isBeingRestored: boolean;
  /** Its removal has begun: it may lack data. */
  readonly isDeleting: boolean;
  /** Identifier of its RDS snapshot, until that is gone. */
  readonly snapshot: string | null;
  readonly isSnapshotDeleting: boolean;
}

/** @returns undefined for what is left of a removed point */
export function toPoint(row: PointRow): Point | undefined {
  if (row.deletedAt !== undefined) return undefined;
  return {
    run: row.run,
    startedAt: row.startedAt,
    isRunning: row.status === 'running',
    verdict: row.verdict ?? null,
    isAccepted: row.accepted !== undefined,
    hold: row.hold ? row.hold.why : null,
    isBeingRestored: (row.restores?.size ?? 0) > 0,
    isDeleting: row.deleting !== undefined,
    snapshot: row.snapshot?.identifier ?? null,
    isSnapshotDeleting: row.snapshotDeleting !== undefined,
  };
}

/** Whether a point counts towards a rule: verified by a second party, and all there. */
export function counts({ verdict, isAccepted, isDeleting, isRunning }: Point): boolean {
  return !isDeleting && !isRunning && (verdict === 'verified' || (verdict === 'suspect' && isAccepted));
}

/** Newest first; of two that began together the order is that of their names, so that it is always the same. */
export function newestFirst(a: Point, b: Point): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? 1 : -1;
  return a.run < b.run ? 1 : -1;
}
