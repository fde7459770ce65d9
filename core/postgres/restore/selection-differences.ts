/** What a selection leaves out, what of the target it uses as it is, and what of it nobody can compare. */
import { KEPT, LEFT_OUT, NOT_COMPARED, WITHOUT_ROWS, type Difference } from '../../restore-record.ts';
import { nameOf, type TocEntry } from './archive-toc.ts';
import { entriesById } from './restore-steps.ts';

export interface CompletedSelection {
  /** Of the whole archive. */
  readonly entries: readonly TocEntry[];
  readonly chosen: ReadonlySet<TocEntry>;
  /** What is restored. */
  readonly kept: readonly TocEntry[];
  /** What it needs and the target has. */
  readonly present: readonly TocEntry[];
  /** What hangs on something that is restored, and on something that is not. */
  readonly unattached: readonly TocEntry[];
}

export function selectionDifferences(selection: CompletedSelection): Difference[] {
  const { chosen, kept, present, unattached } = selection;
  const empty = kept.filter((entry) => entry.kind === 'TABLE' && !chosen.has(entry));
  // That of what is restored has to be there, and is nothing but a place.
  const used = present.filter(({ kind }) => kind !== 'SCHEMA');
  return [
    ...described(unattached, LEFT_OUT, 'needs a table that was not asked for'),
    ...described(unpublished(selection), LEFT_OUT, 'a selection changes no publication'),
    ...described(empty, WITHOUT_ROWS, 'a table that was asked for needs it'),
    ...described(
      partitionsAlone(selection),
      NOT_COMPARED,
      'its rows were counted with those of the table that it is a part of',
    ),
    ...described(used, KEPT, 'the target has one already, which what was asked for now uses, whatever it does there'),
  ];
}

/** @param count in the dump: which of them belong to what, is not known */
export function largeObjectsLeftOut(count: number): Difference[] {
  if (count === 0) return [];
  const detail = 'a selection brings none: what refers to them by number refers to nothing, or to another one';
  return [{ kind: LEFT_OUT, object: count === 1 ? '1 large object' : `${count} large objects`, detail }];
}

function described(entries: readonly TocEntry[], kind: string, detail: string): Difference[] {
  return entries.map((entry) => ({ kind, object: nameOf(entry), detail }));
}

const MEMBERSHIPS = new Set(['PUBLICATION TABLE', 'PUBLICATION TABLES IN SCHEMA']);

/** Tables and schemas that were published, and are made anew. */
function unpublished({ entries, kept }: CompletedSelection): TocEntry[] {
  const ids = new Set(kept.map(({ dumpId }) => dumpId));
  return entries.filter(({ kind, needs }) => MEMBERSHIPS.has(kind) && needs.some((id) => ids.has(id)));
}

/** Rows of partitions were counted with those of their topmost table. */
function partitionsAlone({ entries, chosen }: CompletedSelection): TocEntry[] {
  const byId = entriesById(entries);
  return entries
    .filter(({ kind }) => kind === 'TABLE ATTACH')
    .flatMap(({ needs, schema, tag }) => {
      const tables = needs.flatMap((id) => byId.get(id) ?? []);
      const child = tables.find((table) => table.schema === schema && table.tag === tag);
      const isAlone =
        child !== undefined && chosen.has(child) && !tables.some((one) => one !== child && chosen.has(one));
      return isAlone ? [child] : [];
    });
}
