/** The dump that a restore reads, from the row of its recovery point. */
import { HoldfastError } from '../core/errors.ts';
import type { RowKey } from '../core/keys.ts';
import type { DatabaseDump } from '../core/manifest.ts';
import type { RestoreRow } from '../core/restore-record.ts';
import { findRestore, getRun } from './run-store.ts';

export type PlannedRestoreRow = RestoreRow & { readonly plan: NonNullable<RestoreRow['plan']> };

/** The row of a restore that was planned. @throws UnexpectedError when there is none */
export async function getPlannedRestore({ pk, sk }: RowKey): Promise<PlannedRestoreRow> {
  const row = await findRestore({ pk, sk });
  if (row?.plan) return { ...row, plan: row.plan };
  throw new HoldfastError('UnexpectedError', `the restore ${pk} / ${sk} has no plan`);
}

/** @throws UnexpectedError when the point no longer holds that database */
export async function dumpOfRestore({ plan }: PlannedRestoreRow): Promise<DatabaseDump> {
  const { dumps = [] } = await getRun(plan.point);
  const dump = dumps.find(({ database }) => database === plan.database);
  if (dump) return dump;
  throw new HoldfastError(
    'UnexpectedError',
    `recovery point ${plan.point.run} has no dump of ${plan.database} any more`,
  );
}
