/** The uploads of one database: completed together or not at all. */
import { causeChain } from '../core/errors.ts';
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

/** Aborts what is open, and awaits it. @returns why uploads stay open, of each that does */
export async function abortAll(uploads: readonly Upload[]): Promise<string[]> {
  const aborts = await Promise.allSettled(uploads.map((upload) => upload.abort()));
  return aborts.flatMap((result) => (result.status === 'rejected' ? [causeChain(result.reason)] : []));
}
