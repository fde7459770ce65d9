/** The worker's disk, on which a restore test puts all of a recovery point: too small, it says nothing about the point. */
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { HoldfastError, type Failure } from '../../../core/errors.ts';
import { formatBytes } from '../../../core/format.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';

const WHAT_TO_DO = 'raise worker.diskGiB, and deploy';

/**
 * A database is hardly ever smaller than its compressed archives; how much larger it is shows only when it is there.
 * @throws Untestable
 */
export async function requireDisk(dumps: readonly DatabaseDump[]): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  const freeBytes = bavail * bsize;
  const neededBytes = dumps.flatMap(({ objects }) => objects).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (neededBytes <= freeBytes) return;
  const sizes = `the compressed archives have ${formatBytes(neededBytes)}, and the worker's disk ${formatBytes(freeBytes)}`;
  throw new HoldfastError('Untestable', `${sizes} left: ${WHAT_TO_DO}`);
}

/** What PostgreSQL says when it cannot make a file longer: md.c, fd.c and xlog.c. */
const DISK_IS_FULL = /No space left on device|could not extend file/;

/** @param failure of a restore into the throwaway server @returns Untestable where its disk was full */
export function judgeFullDisk(failure: Failure): Failure {
  if (!DISK_IS_FULL.test(failure.message)) return failure;
  return { code: 'Untestable', message: `the worker's disk is too small: ${WHAT_TO_DO}: ${failure.message}` };
}
