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

/**
 * The points that a new dump is compared with: the newest verified ones that were dumped in the same way. A point that a
 * person has accepted says what is usual from then on, so nothing before it counts.
 * @param earlier runs of the source before this one, newest first
 */
export function baselineOf(run: RunRow, earlier: readonly RunRow[]): RunRow[] {
  const baseline: RunRow[] = [];
  for (const row of earlier) {
    const isGood = row.verdict === 'verified' || (row.verdict === 'suspect' && row.accepted !== undefined);
    if (!isGood || row.deleting !== undefined) continue;
    if (!isDumpedAlike(run, row)) break;
    baseline.push(row);
    if (baseline.length === BASELINE_SIZE || row.accepted !== undefined) break;
  }
  return baseline;
}

/** Another compression or other exclusions make another size. */
function isDumpedAlike(a: RunRow, b: RunRow): boolean {
  return JSON.stringify(a.plan?.dump) === JSON.stringify(b.plan?.dump);
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
