/** Whether a dump that is whole and verified is still not to be believed: much of the data may have been lost before it. */
import type { SizeGate } from './config/size-gate.ts';
import { countOf, formatBytes } from './format.ts';
import type { DatabaseDump, Evidence } from './manifest.ts';
import type { RunRow } from './run-record.ts';

/** The median of so many dumps is what is usual. */
const BASELINE_SIZE = 5;

const LISTED_TABLES_MAX = 5;

/** Roles of the objects that hold the data. */
const DATA_ROLES = ['archive', 'schema', 'data'];

/** Whether a run says what is usual: its dump was verified, or a person has accepted it, and nothing of it was removed. */
export function isUsual({ verdict, accepted, deleting }: RunRow): boolean {
  return (verdict === 'verified' || (verdict === 'suspect' && accepted !== undefined)) && deleting === undefined;
}

/**
 * A point that a person has accepted says what is usual from then on, so nothing before it counts.
 * @param baseline usual runs, newest first
 * @returns whether no more of them are needed
 */
export function isComplete(baseline: readonly RunRow[]): boolean {
  return baseline.length === BASELINE_SIZE || baseline.at(-1)?.accepted !== undefined;
}

/** The runs of the baseline since the dump was last made in another way: another compression makes another size. */
export function sizedAlike(run: RunRow, baseline: readonly RunRow[]): RunRow[] {
  return since(baseline, (row) => JSON.stringify(row.plan?.dump) === JSON.stringify(run.plan?.dump));
}

/** The runs of the baseline since other rows were left out. */
export function countedAlike(run: RunRow, baseline: readonly RunRow[]): RunRow[] {
  const leftOut = ({ plan }: RunRow): string =>
    JSON.stringify([plan?.dump.excludeTables, plan?.dump.excludeTableData, plan?.dump.extraArgs]);
  return since(baseline, (row) => leftOut(row) === leftOut(run));
}

function since(baseline: readonly RunRow[], isAlike: (row: RunRow) => boolean): RunRow[] {
  const end = baseline.findIndex((row) => !isAlike(row));
  return baseline.slice(0, end < 0 ? undefined : end);
}

/**
 * Databases that the newest run of the baseline dumped, and that the server of a run of all databases no longer has: its
 * later points would be verified without them, and retention would remove the last dump of each.
 */
export function vanishedDatabases(run: RunRow, [newest]: readonly RunRow[]): string[] {
  if (run.plan?.databases?.includes('*') !== true || run.plan.sizeGate === false) return [];
  const reported = new Set(run.outcome?.databases.map(({ database }) => database));
  return (newest?.dumps ?? []).map(({ database }) => database).filter((database) => !reported.has(database));
}

/** The dumps of one database in the baseline, newest first. */
export function dumpsOf(database: string, baseline: readonly RunRow[]): DatabaseDump[] {
  return baseline.flatMap(({ dumps = [] }) => dumps.filter((dump) => dump.database === database));
}

/**
 * @param past dumps of the same database; none: nothing is suspect
 * @returns why the dump is suspect, or undefined
 */
export function smallerThanUsual(
  dump: DatabaseDump,
  past: readonly DatabaseDump[],
  gate: SizeGate,
): string | undefined {
  if (gate === false || past.length === 0) return undefined;
  const usual = median(past.map(dataBytes));
  const sizeBytes = dataBytes(dump);
  if (sizeBytes >= usual * gate.minRatio) return undefined;
  const percent = Math.floor((100 * sizeBytes) / usual);
  return `the dump has ${formatBytes(sizeBytes)}, ${percent} % of the ${formatBytes(usual)} that are usual (median of the last ${past.length})`;
}

/**
 * @param before evidence of the newest dump of the same database
 * @returns why the dump is suspect, or undefined
 */
export function emptiedTables(now: Evidence, before: Evidence, gate: SizeGate): string | undefined {
  if (gate === false || gate.emptiedTableRows === false) return undefined;
  const limit = gate.emptiedTableRows;
  const keyOf = ({ schema, name }: { schema: string; name: string }): string => JSON.stringify([schema, name]);
  const empty = new Set(now.tables.filter(({ rows }) => rows === 0).map(keyOf));
  const emptied = before.tables.filter((table) => table.rows >= limit && empty.has(keyOf(table)));
  if (emptied.length === 0) return undefined;
  const listed = emptied
    .slice(0, LISTED_TABLES_MAX)
    .map(({ schema, name, rows }) => `${schema}.${name} (had ${countOf(rows, 'row')})`);
  const more = emptied.length > LISTED_TABLES_MAX ? ` and ${emptied.length - LISTED_TABLES_MAX} more` : '';
  return `${countOf(emptied.length, 'table')} lost all rows: ${listed.join(', ')}${more}`;
}

function dataBytes({ objects }: DatabaseDump): number {
  return objects.filter(({ role }) => DATA_ROLES.includes(role)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
