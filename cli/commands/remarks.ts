/** `holdfast hold`, `release` and `accept`: what a person says of a recovery point. */
import { hostname, userInfo } from 'node:os';
import { findRunsByName } from '../../aws/recovery-points.ts';
import { acceptPoint, holdPoint, releasePoint, setLegalHold } from '../../aws/remarks.ts';
import { HoldfastError } from '../../core/errors.ts';
import { countOf } from '../../core/format.ts';
import { RunRow, type Remark } from '../../core/run-record.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';

const WHY_MAX_CHARS = 500;

/**
 * @param why as it was typed
 * @throws InvalidInput for no reason at all, or one that is no line
 */
export function reasonOf(why: string): string {
  const reason = why.trim();
  if (reason !== '' && reason.length <= WHY_MAX_CHARS && !/\p{Cc}/u.test(reason)) return reason;
  throw new HoldfastError('InvalidInput', `--why: give a reason on one line, of at most ${WHY_MAX_CHARS} characters`);
}

export async function hold(run: string, why: string, { deployment }: Context): Promise<Result> {
  const row = await getPoint(run, deployment.table);
  const remark = remarkOf(why);
  await holdPoint(deployment.table, row, remark);
  const locked = await setLegalHold(deployment.bucket, row, 'ON');
  return {
    document: { run, hold: remark, legalHolds: locked },
    text: `${run} is held: nothing of it is removed until it is released${onObjects(locked)}`,
  };
}

export async function release(run: string, { deployment }: Context): Promise<Result> {
  const row = await getPoint(run, deployment.table);
  // What somebody else has put under a legal hold stays so.
  const lifted = row.hold ? await setLegalHold(deployment.bucket, row, 'OFF') : 0;
  await releasePoint(deployment.table, row);
  const why = row.hold ? ` (it was held: ${row.hold.why})` : ', and was not held';
  return { document: { run, hold: null, legalHolds: 0 }, text: `${run} is released${why}${onObjects(lifted)}` };
}

export async function accept(run: string, why: string, { deployment }: Context): Promise<Result> {
  const row = await getPoint(run, deployment.table);
  const remark = remarkOf(why);
  await acceptPoint(deployment.table, row, remark);
  return {
    document: { run, accepted: remark },
    text: `${run} is accepted: it counts as verified, and later dumps are compared with it`,
  };
}

/** The names of executions may be used again after 90 days: what is said of a point must not mean another one. */
async function getPoint(run: string, table: string): Promise<RunRow> {
  const rows = await findRunsByName(table, run, RunRow);
  const [point, ...others] = rows.filter(({ verdict }) => verdict !== undefined);
  if (point && others.length === 0) return point;
  if (point) throw ambiguous(run, [point, ...others]);
  const [row] = rows;
  throw new HoldfastError(
    'RecoveryPointNotFound',
    row ? `run ${run} is ${row.status} and left no recovery point` : `no run is named "${run}"`,
  );
}

function ambiguous(run: string, points: readonly RunRow[]): HoldfastError {
  const names = points.map((point) => `${point.run}#${point.startedAt} (${point.source})`);
  return new HoldfastError(
    'InvalidInput',
    `${points.length} points are named "${run}", say which: ${names.join(', ')}`,
  );
}

/** Who it was for AWS stands in CloudTrail; this is who it was at the keyboard. */
function remarkOf(why: string): Remark {
  return { by: `${userInfo().username}@${hostname()}`, why, at: new Date().toISOString() };
}

const onObjects = (count: number): string =>
  count === 0 ? '' : `; S3's legal hold of ${countOf(count, 'object')} too`;
