/** What was restored against what was true of the data when it was dumped. */
import type { Evidence } from '../../manifest.ts';
import type { Difference } from '../../restore-record.ts';
import { list } from './preflight.ts';
import { rowKey } from './select-entries.ts';

/** How a sequence of the target stands. */
export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  readonly lastValue: string | null;
  readonly descending: boolean;
  readonly cycles: boolean;
}

/** The evidence, asked again of the target. */
export interface Found extends Pick<Evidence, 'tables' | 'largeObjects' | 'extensions'> {
  readonly sequences: readonly SequenceState[];
}

export interface Comparison {
  /** Mismatches, each a sentence that names what differs; empty: all is as it was. */
  readonly mismatches: readonly string[];
  readonly tables: number;
  readonly rows: number;
  readonly sequences: number;
  readonly largeObjects: number;
}

/** @param only the tables and sequences that were restored, by `rowKey`; undefined: all, and everything else of the database */
export function compareEvidence(evidence: Evidence, found: Found, only: ReadonlySet<string> | undefined): Comparison {
  const isDue = ({ schema, name }: { readonly schema: string; readonly name: string }): boolean =>
    only === undefined || only.has(rowKey(schema, name));
  const tables = evidence.tables.filter(isDue);
  const sequences = evidence.sequences.filter(isDue);
  return {
    mismatches: [
      ...tableMismatches(tables, found),
      ...sequenceMismatches(sequences, found),
      ...(only === undefined
        ? [...largeObjectMismatches(evidence, found), ...extensionMismatches(evidence, found)]
        : []),
    ],
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    sequences: sequences.length,
    largeObjects: only === undefined ? evidence.largeObjects.count : 0,
  };
}

/** The text whose SHA-256 says what was compared: equal for equal evidence, whatever the order. */
export function comparedText(evidence: Evidence, only: ReadonlySet<string> | undefined): string {
  const due = <Item extends { readonly schema: string; readonly name: string }>(items: readonly Item[]): Item[] =>
    items.filter(({ schema, name }) => only === undefined || only.has(rowKey(schema, name)));
  return JSON.stringify({
    tables: due(evidence.tables)
      .map(({ schema, name, rows }) => [schema, name, rows])
      .sort(byText),
    sequences: due(evidence.sequences)
      .map(({ schema, name, lastValue }) => [schema, name, lastValue])
      .sort(byText),
    largeObjects: only === undefined ? evidence.largeObjects : null,
    extensions: only === undefined ? evidence.extensions.map(({ name }) => name).sort() : null,
    settings:
      only === undefined ? evidence.settings.map(({ name, value, role }) => [name, role, value]).sort(byText) : null,
    database: only === undefined ? identityText(evidence) : null,
  });
}

function identityText({ database }: Evidence): unknown {
  if (database === undefined) return null;
  const { owner, acl, connectionLimit, comment } = database;
  const grants = acl.map(({ grantee, privilege, grantable }) => [grantee, privilege, grantable]).sort(byText);
  return { owner, grants, connectionLimit, comment };
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function tableMismatches(tables: Evidence['tables'], found: Found): string[] {
  const rows = new Map(found.tables.map((table) => [rowKey(table.schema, table.name), table.rows]));
  return tables.flatMap((table) => {
    const restored = rows.get(rowKey(table.schema, table.name));
    if (restored === table.rows) return [];
    const name = `table ${table.schema}.${table.name}`;
    return [restored === undefined ? `${name} is missing` : `${name} has ${restored} rows, ${table.rows} were dumped`];
  });
}

/** Sequences are not transactional: the archive may hold a later value than the evidence, never an earlier one. */
function sequenceMismatches(sequences: Evidence['sequences'], found: Found): string[] {
  const states = new Map(found.sequences.map((state) => [rowKey(state.schema, state.name), state]));
  return sequences.flatMap((sequence) => {
    const state = states.get(rowKey(sequence.schema, sequence.name));
    const name = `sequence ${sequence.schema}.${sequence.name}`;
    if (state === undefined) return [`${name} is missing`];
    if (!isBehind(state, sequence.lastValue)) return [];
    return [`${name} is at ${state.lastValue ?? 'its start'}, behind ${sequence.lastValue ?? 'its start'}`];
  });
}

function isBehind({ lastValue, descending, cycles }: SequenceState, recorded: string | null): boolean {
  if (recorded === null || cycles) return false;
  if (lastValue === null) return true;
  return descending ? BigInt(lastValue) > BigInt(recorded) : BigInt(lastValue) < BigInt(recorded);
}

function largeObjectMismatches(evidence: Evidence, found: Found): string[] {
  const recorded = evidence.largeObjects;
  const restored = found.largeObjects;
  const mismatches: string[] = [];
  if (recorded.count !== restored.count)
    mismatches.push(`there are ${restored.count} large objects, ${recorded.count} were dumped`);
  // Recovery points of before it was recorded have no size.
  if (recorded.sizeBytes !== undefined && recorded.sizeBytes !== restored.sizeBytes) {
    mismatches.push(`large objects have ${restored.sizeBytes ?? 0} bytes, ${recorded.sizeBytes} were dumped`);
  }
  return mismatches;
}

function extensionMismatches(evidence: Evidence, found: Found): string[] {
  const installed = new Set(found.extensions.map(({ name }) => name));
  return evidence.extensions
    .filter(({ name }) => !installed.has(name))
    .map(({ name }) => `extension ${name} is missing`);
}

/** In which versions and schemas they are: the target offers what it offers, and one may have been there before. */
export function extensionDifferences(recorded: Evidence['extensions'], found: Evidence['extensions']): Difference[] {
  return recorded.flatMap(({ name, version, schema }) => {
    const there = found.find((extension) => extension.name === name);
    if (there === undefined) return [];
    const details = [
      ...(there.version === version ? [] : [`the target has version ${there.version}, the source had ${version}`]),
      ...(there.schema === schema ? [] : [`it is in schema ${there.schema}, in the source in ${schema}`]),
    ];
    return details.map((detail) => ({ kind: 'extension', object: name, detail }));
  });
}

/** One sentence for an error: the first mismatches, and how many more there are. */
export function mismatchText(mismatches: readonly string[]): string {
  return list(mismatches);
}
