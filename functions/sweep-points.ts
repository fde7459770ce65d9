/**
 * Part of Sweep: whether recovery points still hold what their rows name, and whether the restores that protect them go
 * on. The newest point of a source is looked at every hour, all of them once a day.
 */
import { findExecution } from '../aws/executions.ts';
import { tableName } from '../aws/environment.ts';
import { whatIsMissing } from '../aws/point-objects.ts';
import { findRunKey } from '../aws/recovery-points.ts';
import { forgetRestores } from '../aws/removal-marks.ts';
import { findRow } from '../aws/run-store.ts';
import { runsOfSource } from '../aws/source-runs.ts';
import { latestKey, RESTORE_SORT_PREFIX, runPrefix, TEST_SORT_PREFIX } from '../core/keys.ts';
import { hasObjects, isOver, type Leftover } from '../core/leftovers.ts';
import { PointRow } from '../core/retention/recovery-point.ts';

/** Points are looked at so many at once. */
const LOOKED_AT_ONCE = 10;

export async function sweepNewestPoint(source: string): Promise<Leftover[]> {
  const { pk, sk } = latestKey(source);
  const latest = await findRow({ pk, sk });
  if (!latest) return [];
  const row = PointRow.safeParse(await findRow({ pk, sk: String(latest['runSk']) })).data;
  return row ? lookAt(row) : [unreadable(source, String(latest['runSk']))];
}

export async function sweepPoints(source: string, now: Date): Promise<Leftover[]> {
  const { runs, unreadable: sortKeys } = await runsOfSource(tableName(), source);
  const leftovers = sortKeys.map((sk) => unreadable(source, sk));
  for (const row of runs) leftovers.push(...(await sweepRestores(row, now)));
  for (let start = 0; start < runs.length; start += LOOKED_AT_ONCE) {
    const found = await Promise.all(runs.slice(start, start + LOOKED_AT_ONCE).map(lookAt));
    leftovers.push(...found.flat());
  }
  return leftovers;
}

const unreadable = (source: string, sk: string): Leftover => ({
  kind: 'point',
  what: `${source} ${sk}`,
  why: 'its row has not the shape of a run: it counts towards no rule, and nothing of it is removed',
  isEnded: false,
});

async function lookAt(row: PointRow): Promise<Leftover[]> {
  const missing = hasObjects(row) ? await whatIsMissing(row) : undefined;
  if (missing === undefined) return [];
  const why = `run ${row.run} is ${row.verdict ?? ''}, and has lost ${missing}`;
  return [{ kind: 'point', what: runPrefix(row), why, isEnded: false }];
}

/** A restore that has ended without saying so must not protect its point for ever. */
async function sweepRestores(row: PointRow, now: Date): Promise<Leftover[]> {
  const over: string[] = [];
  for (const executionArn of row.restores ?? []) {
    const execution = await findExecution(executionArn);
    if (isOver(execution, execution?.startedAt ?? (await startOf(executionArn)), now)) over.push(executionArn);
  }
  if (over.length === 0) return [];
  await forgetRestores(row, over);
  return over.map((each) => ({ kind: 'claim', what: row.run, why: `restore ${each} of it is over`, isEnded: true }));
}

/** When a restore began that AWS does not know, by its row; one without a row cannot have begun a moment ago. */
async function startOf(executionArn: string): Promise<string> {
  const name = executionArn.split(':').at(-1) ?? '';
  const key =
    (await findRunKey(tableName(), name, RESTORE_SORT_PREFIX)) ??
    (await findRunKey(tableName(), name, TEST_SORT_PREFIX));
  return key?.sk.split('#')[1] ?? new Date(0).toISOString();
}
