/** Names of runs that a person can read, say and sort. */
import { randomBytes } from 'node:crypto';

/** Step Functions allows 80 characters; time and suffix take 21 of them. */
const SOURCE_CHARS = 50;

/**
 * `<source>-<yyyymmdd-hhmmss>-<4 characters>`, in UTC; a valid name of an execution for any source that somebody types.
 * @param suffix makes the name unique where two runs start in the same second
 */
export function runName(source: string | undefined, now: Date, suffix: string = randomSuffix()): string {
  const digits = now.toISOString().replace(/\D/g, '');
  const stem = (source ?? 'backup').replace(/[^A-Za-z0-9-]+/g, '-').slice(0, SOURCE_CHARS);
  return `${stem}-${digits.slice(0, 8)}-${digits.slice(8, 14)}-${suffix}`;
}

const randomSuffix = (): string => randomBytes(2).toString('hex');
