/** The uploads of one database: completed together or not at all. */
import { causeChain, toFailure, type Failure } from '../core/errors.ts';
import type { StoredObject } from '../core/manifest.ts';
import type { Upload } from './upload.ts';

/**
 * Completes one after another, as they were begun; the caller aborts the rest when one fails. Archives come first: they are
 * the largest and the likeliest to be refused, and then as little as can be is visible.
 */
export async function completeAll(uploads: readonly Upload[]): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for (const upload of uploads) objects.push(await upload.complete());
  return objects;
}

/**
 * Aborts what is open, awaits it, and says why the database failed.
 * @param cause what went wrong before; an abort that fails is added to its message
 */
export async function abortAll(uploads: readonly Upload[], cause: unknown): Promise<Failure> {
  const failure = toFailure(cause);
  const aborts = await Promise.allSettled(uploads.map((upload) => upload.abort()));
  const left = aborts.flatMap((result) => (result.status === 'rejected' ? [causeChain(result.reason)] : []));
  if (left.length === 0) return failure;
  return { ...failure, message: `${failure.message}; and uploads stay open: ${left.join('; ')}` };
}
