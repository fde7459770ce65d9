/**
 * Every hour: finds what nobody owns, ends it where that is safe, and counts the rest. It cannot delete an object: what
 * is in the bucket is told of, and only retention removes it.
 */
import { z } from 'zod';
import { closeFailedWork } from '../aws/close-work.ts';
import { findExecution } from '../aws/executions.ts';
import { findActive, findRunByName } from '../aws/recovery-points.ts';
import { bucketName, stage, tableName } from '../aws/environment.ts';
import { hasManifest, runFoldersOfDay } from '../aws/run-folders.ts';
import { manualSnapshots } from '../aws/manual-snapshots.ts';
import { removeSnapshot } from '../aws/snapshot-removal.ts';
import { abortUploadsBefore } from '../aws/uploads.ts';
import { sourceNames } from '../core/config/plan-source.ts';
import { latestKey } from '../core/keys.ts';
import {
  endOfExecution,
  judgeObjects,
  judgeSnapshot,
  LONGEST_RUN_MS,
  metricsOfLeftovers,
  type Leftover,
} from '../core/leftovers.ts';
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
    leftovers.push(...(await sweepClaim(source, now)), ...(await sweepFolders(source, now)));
  }
  leftovers.push(...(await sweepUploads(now)), ...(hasRds ? await sweepSnapshots() : []));
  for (const leftover of leftovers) process.stdout.write(`${JSON.stringify({ message: 'leftover', ...leftover })}\n`);
  emitMetrics(metricsOfLeftovers(leftovers), undefined, now);
  return leftovers;
}

/** A claim whose execution is over: its run is closed as the backstop would have, and the source is free again. */
async function sweepClaim(source: string, now: Date): Promise<Leftover[]> {
  const claim = await findActive(tableName(), latestKey(source).pk);
  if (!claim) return [];
  const execution = await findExecution(claim.owner);
  if (execution?.status === 'RUNNING' || execution?.status === 'PENDING_REDRIVE') return [];
  const { run, startedAt, owner: executionArn } = claim;
  const work = { kind: 'backup', source, run, startedAt, executionArn, trigger: 'manual', label: null } as const;
  await closeFailedWork(work, { ...endOfExecution(execution), finishedAt: now.toISOString() });
  return [{ kind: 'claim', what: source, why: `run ${run} is over`, isEnded: true }];
}

async function sweepFolders(source: string, now: Date): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const daysAgo of DAYS_LOOKED_AT) {
    const day = new Date(now.getTime() - daysAgo * DAY_MS).toISOString().slice(0, 10);
    for (const { prefix, run } of await runFoldersOfDay(bucketName(), source, day)) {
      const row = await findRunByName(tableName(), run);
      const judged = judgeObjects(row, await hasManifest(bucketName(), prefix));
      if (judged) leftovers.push({ ...judged, what: prefix, isEnded: false });
    }
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
    const run = tags['holdfast:run'];
    if (run === undefined || tags['holdfast:stage'] !== stage()) continue;
    const judged = judgeSnapshot(await findRunByName(tableName(), run));
    if (!judged) continue;
    const refusal = judged.mayGo ? await removeSnapshot(kind, identifier, run) : judged.why;
    leftovers.push({ kind: 'snapshot', what: identifier, why: refusal ?? judged.why, isEnded: refusal === undefined });
  }
  return leftovers;
}

export const handler = taskHandler(z.unknown(), async () => {
  await sweep(new Date());
});
