/** The order in which the entries of an archive are restored, and so which of them each pg_restore is told to take. */
import type { TocEntry } from './archive-toc.ts';

/**
 * schemas: before anything is given to owners that need a privilege on them. definitions: everything that the data needs.
 * indexes: what is built, side by side. afterIndexes: what is quickly said, one after another, because pg_restore does not
 * know that some of it locks partitions, and would let jobs wait for each other. foreignKeys: checked side by side.
 * schemaPrivileges: before others, which pg_restore does not know: who has to grant a privilege on a table to somebody else
 * may do so only where he may use the schema. privileges: last, because an owner may have taken privileges from itself, with
 * what stock pg_restore also does after them: materialized views are computed with the privileges of their owners.
 */
export type Step =
  'schemas' | 'definitions' | 'data' | 'indexes' | 'afterIndexes' | 'foreignKeys' | 'schemaPrivileges' | 'privileges';

const STEP_OF_KIND: ReadonlyMap<string, Step> = new Map([
  ['SCHEMA', 'schemas'],
  ['INDEX', 'indexes'],
  ['CONSTRAINT', 'indexes'],
  ['FK CONSTRAINT', 'foreignKeys'],
  ['ACL', 'privileges'],
  ['DEFAULT ACL', 'privileges'],
  // It would hide rows from the checks of foreign keys.
  ['ROW SECURITY', 'privileges'],
  ['MATERIALIZED VIEW DATA', 'privileges'],
  ['EVENT TRIGGER', 'privileges'],
]);

const STEP_OF_SECTION = {
  'pre-data': 'definitions',
  data: 'data',
  'post-data': 'afterIndexes',
  none: 'privileges',
} as const;

/** pg_restore heeds them by itself, or only with --create: the database is made before it runs. */
const NOT_RESTORED = new Set(['ENCODING', 'STDSTRINGS', 'SEARCHPATH', 'DATABASE', 'DATABASE PROPERTIES']);

/** Entries by step, in the order of the archive. */
export function restoreSteps(entries: readonly TocEntry[]): Record<Step, TocEntry[]> {
  const byId = entriesById(entries);
  const restored = entries.filter(isRestored).map((entry) => ({ entry, step: stepOf(entry, byId) }));
  const of = (step: Step): TocEntry[] => restored.filter((one) => one.step === step).map(({ entry }) => entry);
  return {
    schemas: of('schemas'),
    definitions: of('definitions'),
    data: of('data'),
    indexes: of('indexes'),
    afterIndexes: clonesLast(of('afterIndexes')),
    foreignKeys: of('foreignKeys'),
    schemaPrivileges: of('schemaPrivileges'),
    privileges: of('privileges'),
  };
}

export function entriesById(entries: readonly TocEntry[]): ReadonlyMap<number, TocEntry> {
  return new Map(entries.map((entry) => [entry.dumpId, entry]));
}

function isRestored({ kind, tag }: TocEntry): boolean {
  return !NOT_RESTORED.has(kind) && !(isAboutAnother(kind) && tag.startsWith('DATABASE '));
}

/** What is said about an object stands beside it; about large objects, in the archive that holds these. */
function stepOf(entry: TocEntry, byId: ReadonlyMap<number, TocEntry>): Step {
  if (entry.kind === 'ACL' && entry.tag.startsWith('SCHEMA ')) return 'schemaPrivileges';
  const object = isAboutAnother(entry.kind) ? objectOf(entry, byId) : undefined;
  if (object?.section === 'data') return 'data';
  const ofKind = STEP_OF_KIND.get(entry.kind);
  if (ofKind === 'indexes' && needsMore(entry, byId)) return 'afterIndexes';
  if (ofKind !== undefined) return ofKind;
  return object === undefined ? STEP_OF_SECTION[entry.section] : stepOf(object, byId);
}

/** Such as the index of a materialized view that could not be made before the primary key of its table. */
function needsMore({ needs }: TocEntry, byId: ReadonlyMap<number, TocEntry>): boolean {
  return needs.some((id) => {
    const needed = byId.get(id);
    return needed !== undefined && stepOf(needed, byId) === 'afterIndexes';
  });
}

/**
 * What pg_dump says of triggers that partitions have from their root, such as that one is disabled, needs the root's
 * trigger, and pg_dump does not know that where there is a partition between the two.
 */
function clonesLast(entries: readonly TocEntry[]): TocEntry[] {
  return [...entries.filter((entry) => !isOfClone(entry)), ...entries.filter(isOfClone)];
}

const isOfClone = ({ kind, definition }: TocEntry): boolean => kind === 'TRIGGER' && !/^\s*CREATE /.test(definition);

/** Privileges, comments and labels. */
export function isAboutAnother(kind: string): boolean {
  return kind === 'ACL' || kind === 'COMMENT' || kind === 'SECURITY LABEL';
}

/** Undefined where the archive does not make the object: it belongs to an extension, or to the server. */
export function objectOf(entry: TocEntry, byId: ReadonlyMap<number, TocEntry>): TocEntry | undefined {
  return byId.get(entry.needs[0] ?? -1);
}
