/** Some schemas or tables out of an archive, with all that belongs to them and all that they cannot be made without. */
import { HoldfastError } from '../../errors.ts';
import { KEPT, type Difference } from '../../restore-record.ts';
import { parseNamePattern } from '../name-pattern.ts';
import { nameOf, type TocEntry } from './archive-toc.ts';
import { entriesById, isAboutAnother } from './restore-steps.ts';
import { selectionDifferences } from './selection-differences.ts';

/** Patterns as pg_dump takes them: `orders`, `audit.raw_*`, `"Odd Name"`. Both empty: everything. */
export interface Selection {
  readonly schemas: readonly string[];
  readonly tables: readonly string[];
}

export interface Selected {
  readonly entries: readonly TocEntry[];
  /** Tables whose rows are restored and sequences whose values are, as `rowKey` writes them. */
  readonly withData: ReadonlySet<string>;
  readonly differences: readonly Difference[];
}

export const isEverything = ({ schemas, tables }: Selection): boolean => schemas.length === 0 && tables.length === 0;

export const rowKey = (schema: string, name: string): string => `${schema}\0${name}`;

/** What hangs on tables and is made after them; it comes along where all that it hangs on is there. */
const ATTACHED = new Set([
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DEFAULT',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'POLICY',
  'ROW SECURITY',
  'RULE',
  'SEQUENCE OWNED BY',
  'STATISTICS',
  'TABLE ATTACH',
  'TRIGGER',
]);

/** @throws InvalidInput when a pattern matches nothing, or tables in several schemas and names none */
export function chooseEntries(entries: readonly TocEntry[], selection: Selection): ReadonlySet<TocEntry> {
  const tables = entries.filter(({ kind }) => kind === 'TABLE');
  const chosen = new Set([
    ...selection.tables.flatMap((pattern) => matchingTables(pattern, tables)),
    ...selection.schemas.flatMap((pattern) => membersOf(pattern, entries)),
  ]);
  addPartitions(chosen, entries);
  addOwned(chosen, entries);
  return chosen;
}

/** @param present a schema that the target has already, for an extension say, is not made again */
export function selectAll(entries: readonly TocEntry[], present: ReadonlySet<TocEntry>): Selected {
  // Schema public, which every database has, is only given to its owner.
  const kept = new Set(
    [...present].filter(({ kind, definition }) => kind === 'SCHEMA' && definition.startsWith('CREATE ')),
  );
  const detail = 'the target has it already';
  return {
    entries: entries.filter((entry) => !kept.has(entry)),
    withData: new Set(),
    differences: [...kept].map((entry) => ({ kind: KEPT, object: nameOf(entry), detail })),
  };
}

/**
 * What has to be restored for what was chosen.
 * @param present what others need but the target has already: it stays as it is
 */
export function completeSelection(
  entries: readonly TocEntry[],
  chosen: ReadonlySet<TocEntry>,
  present: ReadonlySet<TocEntry>,
): Selected {
  const needed = withNeeds(chosen, entries);
  const { attached, unattached } = attachedTo(needed, entries);
  const all = withNeeds(new Set([...needed, ...attached]), entries);
  const used = [...all].filter((entry) => present.has(entry));
  for (const entry of used) all.delete(entry);
  const ids = new Set([...all].map(({ dumpId }) => dumpId));
  const kept = entries.filter(
    (entry) => all.has(entry) || (isAboutAnother(entry.kind) && ids.has(entry.needs[0] ?? -1)),
  );
  const withData = kept.filter((entry) => entry.kind === 'SEQUENCE' || (entry.kind === 'TABLE' && chosen.has(entry)));
  return {
    entries: kept,
    withData: new Set(withData.map(({ schema, tag }) => rowKey(schema, tag))),
    differences: selectionDifferences({ entries, chosen, kept, present: used, unattached }),
  };
}

/** Whether a table of that name would be chosen, if the archive had it. */
export function isAskedFor(
  { schemas, tables }: Selection,
  { schema, name }: Record<'schema' | 'name', string>,
): boolean {
  return (
    tables.some((pattern) => matchesTable(pattern, schema, name)) ||
    schemas.some((pattern) => test(parseNamePattern(pattern).name, schema, pattern))
  );
}

function matchesTable(pattern: string, schema: string, name: string): boolean {
  const of = parseNamePattern(pattern);
  return test(of.name, name, pattern) && (of.schema === null || test(of.schema, schema, pattern));
}

function matchingTables(pattern: string, tables: readonly TocEntry[]): TocEntry[] {
  const matches = tables.filter((table) => matchesTable(pattern, table.schema, table.tag));
  const schemas = [...new Set(matches.map((table) => table.schema))];
  if (matches.length === 0) {
    throw new HoldfastError('InvalidInput', `tables: no table of the dump matches ${pattern}: write schema.table`);
  }
  if (parseNamePattern(pattern).schema === null && schemas.length > 1) {
    const message = `tables: ${pattern} matches tables in the schemas ${schemas.join(', ')}: write schema.table`;
    throw new HoldfastError('InvalidInput', message);
  }
  return matches;
}

function membersOf(pattern: string, entries: readonly TocEntry[]): TocEntry[] {
  const { name } = parseNamePattern(pattern);
  const members = entries.filter(
    ({ kind, schema, tag }) =>
      test(name, kind === 'SCHEMA' ? tag : schema, pattern) && (schema !== '' || kind === 'SCHEMA'),
  );
  if (members.length > 0) return members.filter(({ kind }) => !isAboutAnother(kind) && !ATTACHED.has(kind));
  throw new HoldfastError('InvalidInput', `schemas: no schema of the dump matches ${pattern}`);
}

function test(expression: string, name: string, pattern: string): boolean {
  try {
    return new RegExp(expression, 's').test(name);
  } catch (cause) {
    throw new HoldfastError('InvalidInput', `${pattern} is no pattern of names`, { cause });
  }
}

/** A partitioned table means its leaves. */
function addPartitions(chosen: Set<TocEntry>, entries: readonly TocEntry[]): void {
  const byId = entriesById(entries);
  const attaches = entries.filter(({ kind }) => kind === 'TABLE ATTACH');
  for (let before = -1; before !== chosen.size;) {
    before = chosen.size;
    for (const { needs, schema, tag } of attaches) {
      const tables = needs.flatMap((id) => byId.get(id) ?? []);
      const child = tables.find((table) => table.schema === schema && table.tag === tag);
      if (child && tables.some((table) => table !== child && chosen.has(table))) chosen.add(child);
    }
  }
}

/** The sequences of identity and serial columns: each needs its table. */
function addOwned(chosen: Set<TocEntry>, entries: readonly TocEntry[]): void {
  const tables = new Set([...chosen].filter(({ kind }) => kind === 'TABLE').map(({ dumpId }) => dumpId));
  for (const entry of entries) {
    if (entry.kind === 'SEQUENCE' && entry.needs.some((id) => tables.has(id))) chosen.add(entry);
  }
}

/** With types, functions, extensions, schemas and parents, and what these need in turn. */
function withNeeds(chosen: ReadonlySet<TocEntry>, entries: readonly TocEntry[]): Set<TocEntry> {
  const byId = entriesById(entries);
  const all = new Set(chosen);
  // A set hands out what is added while it is walked.
  for (const entry of all) for (const id of entry.needs) addDefined(all, byId.get(id));
  return all;
}

function addDefined(all: Set<TocEntry>, entry: TocEntry | undefined): void {
  if (entry && entry.section !== 'data') all.add(entry);
}

function attachedTo(
  chosen: ReadonlySet<TocEntry>,
  entries: readonly TocEntry[],
): { attached: TocEntry[]; unattached: TocEntry[] } {
  const byId = entriesById(entries);
  const present = new Set(chosen);
  const attached: TocEntry[] = [];
  const unattached: TocEntry[] = [];
  for (const entry of entries.filter(isAttached)) {
    const objects = entry.needs.flatMap((id) => byId.get(id) ?? []).filter(isRelationOrPart);
    if (!objects.some((object) => present.has(object))) continue;
    if (objects.every((object) => present.has(object))) {
      present.add(entry);
      attached.push(entry);
    } else unattached.push(entry);
  }
  return { attached, unattached };
}

/** A view's rule of this name is the view itself. */
const isAttached = ({ kind, tag }: TocEntry): boolean => ATTACHED.has(kind) && !tag.endsWith(' _RETURN');

/** Functions, types and sequences can be brought along; another table, or a part of one, cannot. */
function isRelationOrPart({ kind }: TocEntry): boolean {
  return ATTACHED.has(kind) || ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE'].includes(kind);
}
