/** What retention does, or would do, for a person. */
import { countOf, formatTime } from '../core/format.ts';
import { renderCalendar } from '../core/retention/render-calendar.ts';
import type { AppliedRetention, PlannedPoint, PlannedRetention } from '../core/retention-steps.ts';
import { printableLine } from './printable.ts';
import { indent, table, type Column } from './tables.ts';

const COLUMNS: readonly Column[] = [
  { title: 'STARTED' },
  { title: 'RUN' },
  { title: 'VERDICT' },
  { title: 'DUMP' },
  { title: 'SNAPSHOT' },
  { title: 'WHY' },
];

/** Of a dry run: how many of the oldest points it does not list. */
export function pointsOmitted({ pointsKept, pointsToRemove, points }: PlannedRetention): number {
  return pointsKept + pointsToRemove - points.length;
}

/** @param isShown whether every point is to be listed, or only that nothing was to be done */
export function renderPlan(plan: PlannedRetention, isShown: boolean): string {
  const { source, frozen, points, pointsKept, pointsToRemove, unreadableRows, timezone } = plan;
  const head = `${source}: ${countOf(pointsKept + pointsToRemove, 'point')}, ${pointsToRemove} to remove`;
  const notes = [
    ...(frozen === null ? [] : [frozen]),
    ...(unreadableRows === 0
      ? []
      : [`${countOf(unreadableRows, 'row')} could not be read: nothing of them is removed`]),
    ...(isShown && pointsOmitted(plan) > 0 ? [`the oldest ${pointsOmitted(plan)} are not shown`] : []),
  ];
  if (!isShown || points.length === 0) return [head, ...notes.map((note) => `  ${note}`)].join('\n');
  return [
    head,
    ...notes.map((note) => `  ${note}`),
    '',
    indent(renderCalendar(points, timezone)),
    '',
    indent(table(COLUMNS, points.map(toRow))),
  ].join('\n');
}

function toRow({ startedAt, run, verdict, action, reasons, snapshot }: PlannedPoint): string[] {
  const isDumpKept = action === 'keep' || action === 'removeSnapshot';
  const why = verdict === 'snapshot-only' ? [] : reasons;
  return [
    formatTime(startedAt),
    run,
    verdict ?? 'failed',
    verdict === 'snapshot-only' ? '-' : isDumpKept ? 'stays' : 'GOES',
    snapshot ? (snapshot.keep ? 'stays' : 'GOES') : '-',
    [...why, ...(snapshot?.reasons ?? []).map((reason) => `snapshot: ${reason}`)].join(', '),
  ];
}

export function renderApplied({ source, removed, postponed, kept, keptTotal }: AppliedRetention): string {
  const lines = kept.map(({ sk, why, isInterrupted }) => {
    const run = printableLine(sk.split('#').slice(2).join('#'));
    return `  ${run} ${isInterrupted ? 'is only half removed, and tried again by the next run' : 'stays'}: ${why}`;
  });
  if (keptTotal > kept.length) lines.push(`  so do ${countOf(keptTotal - kept.length, 'other point')}`);
  if (postponed > 0) lines.push(`  ${countOf(postponed, 'point')} more may go: the next run goes on`);
  return [`${source}: removed ${countOf(removed, 'point')}`, ...lines].join('\n');
}
