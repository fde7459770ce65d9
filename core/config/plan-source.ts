/** Which source is meant, and what all sources need together. */
import { HoldfastError } from '../errors.ts';
import { nearestOf } from './nearest.ts';
import type { Config, Source } from './schema.ts';

export interface NamedSource {
  readonly name: string;
  readonly source: Source;
}

/** Names of the configured sources, in the order of the file. */
export function sourceNames(config: Config): string[] {
  return Object.keys(config.sources);
}

/**
 * The source that a name means; without a name the only one there is.
 * Throws InvalidInput where a name is needed, SourceNotFound where no source has it; both list the sources.
 */
export function resolveSource(config: Config, name: string | undefined): NamedSource {
  const names = sourceNames(config);
  const wanted = name ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined) {
    throw new HoldfastError('InvalidInput', `source is required, since there are ${names.length}: ${names.join(', ')}`);
  }
  // Own keys only: "constructor" is no source.
  const source = Object.hasOwn(config.sources, wanted) ? config.sources[wanted] : undefined;
  if (source === undefined) throw new HoldfastError('SourceNotFound', describeMissing(wanted, names));
  return { name: wanted, source };
}

function describeMissing(wanted: string, names: readonly string[]): string {
  const nearest = nearestOf(wanted, names);
  const guess = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
  return `no source is named "${wanted}"${guess} (configured: ${names.join(', ')})`;
}

/** How many manual snapshots the sources keep at most, to be held against the quota of the account. */
export function totalSnapshotsKept(config: Config): number {
  return Object.values(config.sources).reduce((sum, { rds }) => sum + (rds?.snapshot?.keepLast ?? 0), 0);
}
