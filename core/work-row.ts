/** The three kinds of work, each with a machine of its own. They are recorded and announced alike. */
import { restoreKey, restoreTestKey, runKey, type RowKey, type RunId } from './keys.ts';
import { RestoreRow, RestoreTestRow, type PointRef, type RestoringRow } from './restore-record.ts';
import type { Trigger } from './run-input.ts';
import { RunRow } from './run-record.ts';

export type WorkKind = 'backup' | 'restore' | 'restore-test';

/** What is worked on: a run, a restore or a restore test. */
export type WorkRow = RunRow | RestoringRow;

/** The machine of an execution tells: `…:execution:holdfast-<stage>-restore-test:<name>`. */
export function kindOfExecution(executionArn: string): WorkKind {
  const machine = executionArn.split(':').at(-2) ?? '';
  if (machine.endsWith('-restore-test')) return 'restore-test';
  return machine.endsWith('-restore') ? 'restore' : 'backup';
}

const KEY_OF = { backup: runKey, restore: restoreKey, 'restore-test': restoreTestKey } as const;

export function workKey(kind: WorkKind, id: RunId): RowKey {
  return KEY_OF[kind](id);
}

/** Whether it is a restore or a restore test. */
export function isRestoring(row: WorkRow): row is RestoringRow {
  return 'kind' in row;
}

/** The recovery point that a restore or a restore test reads. */
export function pointOf(row: WorkRow): PointRef | undefined {
  const { plan } = row;
  return plan !== undefined && 'point' in plan ? plan.point : undefined;
}

/** @throws ZodError for a row that has not the shape of its kind */
export function parseWorkRow(row: Record<string, unknown>): WorkRow {
  if (row['kind'] === 'restore') return RestoreRow.parse(row);
  return row['kind'] === 'restore-test' ? RestoreTestRow.parse(row) : RunRow.parse(row);
}

/** What can be said of work whose input may have been refused: enough to record and announce its failure. */
export interface DescribedWork extends RunId {
  readonly kind: WorkKind;
  readonly executionArn: string;
  readonly trigger: Trigger;
  /** Only backups have one. */
  readonly label: string | null;
}

/** The row of failed work that never got one. */
export function failedRow({ kind, label, ...work }: DescribedWork): WorkRow {
  const row = { ...workKey(kind, work), ...work, status: 'failed' as const };
  return kind === 'backup' ? { ...row, label } : { ...row, kind, attempt: 0 };
}
