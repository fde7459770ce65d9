/** The rows of an archive that are restored: its TABLE DATA, values of sequences, and large objects. */
import { LEFT_OUT, type Difference } from '../../restore-record.ts';
import { nameOf, type TocEntry } from './archive-toc.ts';
import type { Rights } from './rights.ts';
import { restoreSteps } from './restore-steps.ts';
import { rowKey } from './select-entries.ts';

export interface DataScope {
  /** Tables and sequences that were asked for, by `rowKey`; undefined: everything. */
  readonly only: ReadonlySet<string> | undefined;
  /** Every table that the archive makes, by `rowKey`. */
  readonly tables: ReadonlySet<string>;
  readonly rights: Pick<Rights, 'superuser'>;
}

export interface DataEntries {
  readonly entries: readonly TocEntry[];
  readonly differences: readonly Difference[];
}

export function dataEntries(toc: readonly TocEntry[], { only, tables, rights }: DataScope): DataEntries {
  const { data } = restoreSteps(toc);
  if (only !== undefined)
    return {
      entries: data.filter((entry) => isRowsOf(entry) && only.has(rowKey(entry.schema, entry.tag))),
      differences: [],
    };
  // Rows that users put into tables of extensions: those belong to whoever owns the extension.
  const foreign = rights.superuser
    ? []
    : data.filter((entry) => entry.kind === 'TABLE DATA' && !tables.has(rowKey(entry.schema, entry.tag)));
  const detail = 'rows of a table that belongs to an extension of somebody else';
  return {
    entries: data.filter((entry) => !foreign.includes(entry)),
    differences: foreign.map((entry) => ({ kind: LEFT_OUT, object: nameOf(entry), detail })),
  };
}

/** An archive has no rows of materialized views: what was stale is not any more. */
export function recomputedViews(restored: readonly TocEntry[]): Difference[] {
  const detail = 'computed anew from what was restored, whatever it held before';
  return restored
    .filter(({ kind }) => kind === 'MATERIALIZED VIEW DATA')
    .map((entry) => ({ kind: 'recomputed', object: nameOf({ ...entry, kind: 'MATERIALIZED VIEW' }), detail }));
}

const isRowsOf = ({ kind }: TocEntry): boolean => kind === 'TABLE DATA' || kind === 'SEQUENCE SET';
