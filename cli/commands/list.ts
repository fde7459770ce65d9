/** `holdfast list [source]`: the newest runs, good and bad, and where S3 keeps what they left. */
import { listRuns } from '../../aws/recovery-points.ts';
import { storageClassesOf } from '../../aws/run-folders.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { summarize } from '../documents.ts';
import { renderList } from '../render-list.ts';
import type { Result } from '../result.ts';

const LIMIT_MAX = 1000;

/**
 * @param text as it was typed
 * @throws InvalidInput for what is no number of runs
 */
export function limitOf(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new HoldfastError(
    'InvalidInput',
    `--limit: "${text}" is not a number of runs: give one from 1 to ${LIMIT_MAX}`,
  );
}

export async function list(source: string | undefined, limit: number, { deployment }: Context): Promise<Result> {
  const { runs, unreadable } = await listRuns(deployment.table, source, limit);
  const storageClasses = await storageClassesOf(deployment.bucket, runs);
  const summaries = runs.map((run) => summarize(run, storageClasses));
  const of = source === undefined ? '' : ` of ${source}`;
  return {
    document: { runs: summaries, unreadable },
    text: summaries.length > 0 ? renderList(summaries) : `no runs${of} are recorded`,
    warnings: unreadable.map(({ key, problem }) => `row ${key} is not what a run's record looks like: ${problem}`),
  };
}
