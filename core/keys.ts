/** Every name that Holdfast gives: S3 keys, RDS snapshot identifiers and DynamoDB keys. All derive from the run. */

/** Key of one row of the table. */
export interface RowKey {
  readonly pk: string;
  readonly sk: string;
}

/** What names a run: everything below derives from these three. */
export interface RunId {
  readonly source: string;
  /** The execution's name. */
  readonly run: string;
  /** The execution's start, ISO-8601 UTC with milliseconds. */
  readonly startedAt: string;
}

const SOURCE_PREFIX = 'SOURCE#';
const RUN_PREFIX = 'RUN#';
const RESTORE_PREFIX = 'RESTORE#';
const TEST_PREFIX = 'TEST#';

/** Partition of the runs whose input names no usable source; "-" can be no source's name. */
export const UNKNOWN_SOURCE = '-';

export function runKey({ source, startedAt, run }: RunId): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: `${RUN_PREFIX}${startedAt}#${run}` };
}

/** Row of a restore; `run` is the name of its own execution, not of the recovery point. */
export function restoreKey({ source, startedAt, run }: RunId): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: `${RESTORE_PREFIX}${startedAt}#${run}` };
}

/** Row of a restore test; `run` is the name of its own execution, not of the recovery point. */
export function restoreTestKey({ source, startedAt, run }: RunId): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: `${TEST_PREFIX}${startedAt}#${run}` };
}

export function latestKey(source: string): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: 'LATEST' };
}

/** Since when freshness watches a source, and what was told of it. */
export function watchedKey(source: string): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: 'WATCHED' };
}

/** What the last restore test of a source said, whichever point it tested. */

export function testedKey(source: string): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: 'TESTED' };
}

export function activeKey(source: string): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: 'ACTIVE' };
}

/**
 * The row that holds the claim of the worker of a row: a source is dumped by one worker at a time, so that a run claims
 * the row ACTIVE of its source; a restore and a restore test are claimed in their own rows.
 */
export function claimKey({ pk, sk }: RowKey): RowKey {
  return sk.startsWith(RUN_PREFIX) ? { pk, sk: activeKey('').sk } : { pk, sk };
}

/** @param scheduledTime ISO-8601 with any offset: an instant is one slot, however it was written */
export function slotKey(source: string, scheduledTime: string): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: `SLOT#${new Date(scheduledTime).toISOString()}` };
}

/** Of a scheduled restore test; a backup of the same moment has a slot of its own. */
export function testSlotKey(source: string, scheduledTime: string): RowKey {
  return { pk: `${SOURCE_PREFIX}${source}`, sk: `TEST-SLOT#${new Date(scheduledTime).toISOString()}` };
}

/** Prefixes of the sort keys of all runs, restores and restore tests of a source, for Query. */
export const RUN_SORT_PREFIX = RUN_PREFIX;
export const RESTORE_SORT_PREFIX = RESTORE_PREFIX;
export const TEST_SORT_PREFIX = TEST_PREFIX;

/** `<source>/<yyyy>/<mm>/<dd>/<run>/`, with the trailing slash. */
export function runPrefix({ source, startedAt, run }: RunId): string {
  const [year, month, day] = startedAt.slice(0, 10).split('-');
  return `${source}/${year}/${month}/${day}/${run}/`;
}

export function manifestKey(id: RunId): string {
  return `${runPrefix(id)}manifest.json`;
}

/** Result of a restore test, beside the manifest of the point that it tested. */
export function restoreTestResultKey(point: RunId, testRun: string): string {
  return `${runPrefix(point)}restore-test-${testRun}.json`;
}

/** `<run prefix><database, percent-encoded>/<attempt>/<file>`. */
export function objectKey(id: RunId, database: string, attempt: number, file: string): string {
  return `${runPrefix(id)}${encodeDatabase(database)}/${attempt}/${file}`;
}

/**
 * A database's name as one segment of a key. Beyond encodeURIComponent, what S3 tools mistreat is encoded too:
 * `!'()*`, and the names "." and "..", which clients resolve as folders.
 */
export function encodeDatabase(database: string): string {
  if (/^\.{1,2}$/.test(database)) return database.replaceAll('.', '%2E');
  return percentEncode(database);
}

/** Of ASCII only letters, digits and `-_.~` stay. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** On everything that a run makes and that can carry a tag. */
export const RUN_TAG = 'holdfast:run';

/**
 * A run's name as the value of a tag. The name of an execution may hold `!'()`, which no tag may: letters, digits, spaces
 * and `_.:/=+-@` are allowed (Tag in the API reference of RDS, tag restrictions of ECS). What is not becomes its bytes,
 * each as a colon and two hexadecimal digits; no execution's name has a colon.
 */
export function runTag(run: string): string {
  return run.replace(/[^\p{L}\p{N}_.=+@-]/gu, (char) => percentEncode(char).replaceAll('%', ':'));
}

/** The run that `runTag` was given. */
export function runOfTag(tag: string): string {
  return tag.replace(/(:[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll(':', ''), 'hex').toString());
}

/** `hf-<source>-<yyyymmdd-hhmmss>` in UTC: letters, digits and single hyphens only, as RDS demands. */
export function snapshotIdentifier({ source, startedAt }: Pick<RunId, 'source' | 'startedAt'>): string {
  const digits = startedAt.replace(/\D/g, '');
  return `hf-${source}-${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
}
