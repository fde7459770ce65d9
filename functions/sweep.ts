/**
 * Every hour: finds what nobody owns, ends it where that is safe, and counts the rest. It cannot delete an object: what
 * is in the bucket is told of, and only retention removes it.
 */
import { z } from 'zod';
import { closeFailedWork } from '../aws/close-work.ts';
import { findExecution } from '../aws/executions.ts';
import { findActive, findRunsByName, newestRuns } from '../aws/recovery-points.ts';
import { bucketName, clusterArn, stage, tableName } from '../aws/environment.ts';
import { hasManifest, runFoldersOfDay } from '../aws/run-folders.ts';
import { findWork } from '../aws/run-store.ts';
import { manualSnapshots } from '../aws/manual-snapshots.ts';
import { openWork } from '../aws/open-work.ts';
import { removeSnapshot } from '../aws/snapshot-removal.ts';
import { abortUploadsBefore } from '../aws/uploads.ts';
import { stopTask, workerTasks } from '../aws/worker-tasks.ts';
import { sourceNames } from '../core/config/plan-source.ts';
import { latestKey, RUN_TAG, runOfTag, runPrefix, snapshotIdentifier } from '../core/keys.ts';
import {
  endOfExecution,
  judgeObjects,
  judgeSnapshot,
  judgeTask,
  LONGEST_RUN_MS,
  LONGEST_WORK_MS,
  metricsOfLeftovers,
  RETENTION_HAS_LOOKED_MS,
  waitsForRetention,
  type Leftover,
} from '../core/leftovers.ts';
import { counts, PointRow, toPoint } from '../core/retention/recovery-point.ts';
import type { DescribedWork } from '../core/work-row.ts';
import { deployedConfig } from './deployed-config.ts';
import { emitMetrics } from './emit-metrics.ts';
import { taskHandler } from './handler.ts';

const DAY_MS = 86_400_000;

/** Days whose runs are over; each is looked at as often as it stays in here. */
const DAYS_LOOKED_AT = [2, 3, 4];

export async function sweep(now: Date): Promise<Leftover[]> {
  const sources = sourceNames(deployedConfig());
  const hasRds = Object.values(deployedConfig().sources).some(({ rds }) => rds);
  const leftovers: Leftover[] = [];
  for (const source of sources) {
    leftovers.push(...(await sweepOpenWork(source, now)), ...(await sweepClaim(source, now)));
    leftovers.push(...(await sweepFolders(source, now)));
  }
  // After the rows of dead work are closed: a task is judged by its row.
  leftovers.push(...(await sweepTasks(now)), ...(await sweepUploads(now)), ...(hasRds ? await sweepSnapshots() : []));
  for (const leftover of leftovers) process.stdout.write(`${JSON.stringify({ message: 'leftover', ...leftover })}\n`);
  emitMetrics(metricsOfLeftovers(leftovers), undefined, now);
  return leftovers;
}

/** Rows that are open, and hold their source or their recovery point, while their execution is over. */
async function sweepOpenWork(source: string, now: Date): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const work of await openWork(tableName(), source, new Date(now.getTime() - LONGEST_WORK_MS))) {
    if (await closeIfOver(work, now)) {
      leftovers.push({
        kind: 'claim',
        what: work.run,
        why: `the execution of this ${work.kind} is over`,
        isEnded: true,
      });
    }
  }
  return leftovers;
}

/** A claim on the source whose execution is over, and that no open row tells of. */
async function sweepClaim(source: string, now: Date): Promise<Leftover[]> {
  const claim = await findActive(tableName(), latestKey(source).pk);
  if (!claim) return [];
  const { run, startedAt, owner: executionArn } = claim;
  const work = { kind: 'backup', source, run, startedAt, executionArn, trigger: 'manual', label: null } as const;
  if (!(await closeIfOver(work, now))) return [];
  return [{ kind: 'claim', what: source, why: `run ${run} is over`, isEnded: true }];
}

/** Closes work as the backstop would have. @returns whether its execution is over */
async function closeIfOver(work: DescribedWork, now: Date): Promise<boolean> {
  const execution = await findExecution(work.executionArn);
  if (execution?.status === 'RUNNING' || execution?.status === 'PENDING_REDRIVE') return false;
  await closeFailedWork(work, { ...endOfExecution(execution), finishedAt: now.toISOString() });
  return true;
}

async function sweepFolders(source: string, now: Date): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const daysAgo of DAYS_LOOKED_AT) {
    const day = new Date(now.getTime() - daysAgo * DAY_MS).toISOString().slice(0, 10);
    for (const { prefix, run } of await runFoldersOfDay(bucketName(), source, day)) {
      const rows = await findRunsByName(tableName(), run, PointRow);
      const row = rows.find((each) => runPrefix(each) === prefix);
      const judged = judgeObjects(row, await hasManifest(bucketName(), prefix));
      if (judged) leftovers.push({ ...judged, what: prefix, isEnded: false });
      else if (row && waitsForRetention(row) && (await hasOldSuccessor(row, now))) {
        const why = `run ${row.run} has failed, a later one is verified, and retention has not removed it`;
        leftovers.push({ kind: 'objects', what: prefix, why, isEnded: false });
      }
    }
  }
  return leftovers;
}

/** Whether a later point was verified so long ago that retention has seen it. */
async function hasOldSuccessor({ source, sk }: PointRow, now: Date): Promise<boolean> {
  for await (const later of newestRuns(tableName(), source)) {
    if (later.sk <= sk) return false;
    const point = toPoint(later);
    const verifiedAt = Date.parse(later.finishedAt ?? later.startedAt);
    if (point && counts(point) && now.getTime() - verifiedAt > RETENTION_HAS_LOOKED_MS) return true;
  }
  return false;
}

async function sweepTasks(now: Date): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const { arn, row } of await workerTasks(clusterArn())) {
    const judged = judgeTask(await findWork(row), now);
    if (!judged) continue;
    if (judged.mayGo) await stopTask(clusterArn(), arn, judged.why);
    leftovers.push({ kind: 'task', what: arn, why: judged.why, isEnded: judged.mayGo });
  }
  return leftovers;
}

async function sweepUploads(now: Date): Promise<Leftover[]> {
  const aborted = await abortUploadsBefore(new Date(now.getTime() - LONGEST_RUN_MS));
  return aborted.map((what) => ({ kind: 'upload', what, why: 'it is older than a run can be', isEnded: true }));
}

/** Those of this stage: another one has a table of its own. */
async function sweepSnapshots(): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const { kind, identifier, tags } of await manualSnapshots()) {
    const tag = tags[RUN_TAG];
    if (tag === undefined || tags['holdfast:stage'] !== stage()) continue;
    const run = runOfTag(tag);
    const rows = await findRunsByName(tableName(), run, PointRow);
    const judged = judgeSnapshot(rows.find((row) => snapshotIdentifier(row) === identifier));
    if (!judged) continue;
    const refusal = judged.mayGo ? await removeSnapshot(kind, identifier, run) : judged.why;
    leftovers.push({ kind: 'snapshot', what: identifier, why: refusal ?? judged.why, isEnded: refusal === undefined });
  }
  return leftovers;
}

export const handler = taskHandler(z.unknown(), async () => {
  await sweep(new Date());
});
