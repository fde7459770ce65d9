/** The rules of a source that look at several of its keys. */
import { parseDurationMs } from './duration.ts';
import { isRecord } from './values.ts';

export interface SourceProblem {
  /** Below the source. */
  readonly path: readonly string[];
  readonly message: string;
}

const DAY_MS = 86_400_000;

/**
 * What is wrong between the keys of a source. It runs beside the checks of the single keys, so any key may hold
 * anything: a rule speaks only where the values it needs have their type.
 */
export function sourceProblems(source: object): SourceProblem[] {
  return [...placeProblems(source), ...archiveProblems(source)];
}

/** Without a secret the configuration itself says where to connect. */
function placeProblems(source: object): SourceProblem[] {
  const { connection, rds, databases } = source as Record<string, unknown>;
  if (!isRecord(connection) || connection['secret'] !== undefined || connection['auth'] !== 'iam') return [];
  const problems: SourceProblem[] = [];
  if (connection['host'] === undefined && rds === undefined) {
    const message = 'is required: neither a secret nor rds says where the server is';
    problems.push({ path: ['connection', 'host'], message });
  }
  if (connection['database'] === undefined && databases === undefined) {
    const message = 'is required: neither a secret nor databases says what to dump';
    problems.push({ path: ['connection', 'database'], message });
  }
  return problems;
}

/** An archive rule that can never apply was meant otherwise. */
function archiveProblems(source: object): SourceProblem[] {
  const { archive, retention } = source as Record<string, unknown>;
  if (!isRecord(archive) || !isRecord(retention)) return [];
  const { afterDays } = archive;
  const { maxAge } = retention;
  if (typeof afterDays !== 'number' || typeof maxAge !== 'string') return [];
  const maxAgeMs = parseDurationMs(maxAge);
  if (maxAgeMs === undefined || afterDays * DAY_MS < maxAgeMs) return [];
  const message = `${afterDays} days are not before retention.maxAge ${maxAge}: nothing would ever be archived`;
  return [{ path: ['archive', 'afterDays'], message }];
}
