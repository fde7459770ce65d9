/**
 * Every hour: finds what nobody owns, ends it where that is safe, and counts the rest, with the points that have lost
 * something. It cannot delete an object: what is in the bucket is told of, and only retention removes it.
 */
import { z } from 'zod';
import { closeFailedWork } from '../aws/close-work.ts';
import { findExecution } from '../aws/executions.ts';
import { findActive, findRunsByName, newestRuns } from '../aws/recovery-points.ts';
import { bucketName, clusterArn, stage, tableName } from '../aws/environment.ts';
import { runFoldersOfDay } from '../aws/run-folders.ts';
import { findWork } from '../aws/run-store.ts';
import { manualSnapshots, type ManualSnapshot } from '../aws/manual-snapshots.ts';
import { openWork } from '../aws/open-work.ts';
import { publishEnd } from '../aws/publish.ts';
import { removeSnapshot } from '../aws/snapshot-removal.ts';
import { abortUploadsBefore } from '../aws/uploads.ts';
import { stopTask, workerTasks, type WorkerTask } from '../aws/worker-tasks.ts';
import { sourceNames } from '../core/config/plan-source.ts';
import { causeChain } from '../core/errors.ts';
import { latestKey, RUN_TAG, runOfTag, runPrefix, snapshotIdentifier } from '../core/keys.ts';
import {
  endOfExecution,
  isOver,
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
import { sweepNewestPoint, sweepPoints } from './sweep-points.ts';
import { tellOfUnconfigured } from './sweep-sources.ts';

const DAY_MS = 86_400_000;
const HOURS_A_DAY = 24;

/** Days whose runs are over; each is looked at as often as it stays in here. */
const DAYS_LOOKED_AT = [2, 3, 4];

export async function sweep(now: Date): Promise<Leftover[]> {
  const sources = sourceNames(deployedConfig());
  const hasRds = Object.values(deployedConfig().sources).some(({ rds }) => rds);
  const leftovers: Leftover[] = [];
  const look = async (kind: Leftover['kind'], what: string, work: () => Promise<Leftover[]>): Promise<void> => {
    leftovers.push(...(await found(kind, what, work)));
  };
  for (const [index, source] of sources.entries()) {
    await look('claim', source, () => sweepOpenWork(source, now));
    await look('claim', source, () => sweepClaim(source, now));
    await look('objects', source, () => sweepFolders(source, now));
    const isItsHour = index % HOURS_A_DAY === now.getUTCHours();
    await look('point', source, () => (isItsHour ? sweepPoints(source, now) : sweepNewestPoint(source)));
  }
  await look('source', bucketName(), () => tellOfUnconfigured(sources, now).then(() => []));
  // After the rows of dead work are closed: a task is judged by its row.
  for (const task of await workerTasks(clusterArn())) await look('task', task.arn, () => sweepTask(task, now));
  await look('upload', bucketName(), () => sweepUploads(now));
  const snapshots = hasRds ? await manualSnapshots() : [];
  for (const snapshot of snapshots) await look('snapshot', snapshot.identifier, () => sweepSnapshot(snapshot));
  for (const leftover of leftovers) process.stdout.write(`${JSON.stringify({ message: 'leftover', ...leftover })}\n`);
  emitMetrics(metricsOfLeftovers(leftovers), undefined, now);
  return leftovers;
}

/** One row that cannot be read, or one refusal of AWS, must not keep everything else from being looked at. */
async function found(kind: Leftover['kind'], what: string, work: () => Promise<Leftover[]>): Promise<Leftover[]> {
  try {
    return await work();
  } catch (error) {
    return [{ kind, what, why: `it could not be looked at: ${causeChain(error)}`, isEnded: false }];
  }
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

/** Closes work as the backstop would have, and tells people. @returns whether its execution is over */
async function closeIfOver(work: DescribedWork, now: Date): Promise<boolean> {
  const execution = await findExecution(work.executionArn);
  if (!isOver(execution, work.startedAt, now)) return false;
  const closed = await closeFailedWork(work, { ...endOfExecution(execution), finishedAt: now.toISOString() });
  if (closed.notifiedAt === undefined) await publishEnd(closed);
  return true;
}

async function sweepFolders(source: string, now: Date): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const daysAgo of DAYS_LOOKED_AT) {
    const day = new Date(now.getTime() - daysAgo * DAY_MS).toISOString().slice(0, 10);
    for (const { prefix, run } of await runFoldersOfDay(bucketName(), source, day)) {
      const rows = await findRunsByName(tableName(), run, PointRow);
      const row = rows.find((each) => runPrefix(each) === prefix);
      const why = judgeObjects(row);
      if (why !== undefined) leftovers.push({ kind: 'objects', what: prefix, why, isEnded: false });
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

async function sweepTask({ arn, row }: WorkerTask, now: Date): Promise<Leftover[]> {
  const judged = judgeTask(await findWork(row), now);
  if (!judged) return [];
  if (judged.mayGo) await stopTask(clusterArn(), arn, judged.why);
  return [{ kind: 'task', what: arn, why: judged.why, isEnded: judged.mayGo }];
}

async function sweepUploads(now: Date): Promise<Leftover[]> {
  const aborted = await abortUploadsBefore(new Date(now.getTime() - LONGEST_RUN_MS));
  return aborted.map((what) => ({ kind: 'upload', what, why: 'it is older than a run can be', isEnded: true }));
}

/** Those of this stage: another one has a table of its own. */
async function sweepSnapshot({ kind, identifier, tags }: ManualSnapshot): Promise<Leftover[]> {
  const tag = tags[RUN_TAG];
  if (tag === undefined || tags['holdfast:stage'] !== stage()) return [];
  const run = runOfTag(tag);
  const rows = await findRunsByName(tableName(), run, PointRow);
  const judged = judgeSnapshot(rows.find((row) => snapshotIdentifier(row) === identifier));
  if (!judged) return [];
  const refusal = judged.mayGo ? await removeSnapshot(kind, identifier, run) : judged.why;
  return [{ kind: 'snapshot', what: identifier, why: refusal ?? judged.why, isEnded: refusal === undefined }];
}

export const handler = taskHandler(z.unknown(), async () => {
  await sweep(new Date());
});
