/** What a restore cannot bring back, because the dump was told to leave it out. */
import type { LeftOut } from '../../manifest.ts';
import { LEFT_OUT_AT_DUMP, type Difference } from '../../restore-record.ts';
import { nameOf, type TocEntry } from './archive-toc.ts';
import { isAskedFor, isEverything, rowKey, type Selection } from './select-entries.ts';

/** @param chosen what the selection has found in the archive; undefined: everything */
export function leftOutAtDump(
  leftOut: readonly LeftOut[],
  selection: Selection,
  chosen: ReadonlySet<TocEntry> | undefined,
): Difference[] {
  const keys = new Set([...(chosen ?? [])].map(({ schema, tag }) => rowKey(schema, tag)));
  const isDue = ({ schema, name }: LeftOut): boolean =>
    isEverything(selection) ||
    (schema !== null && (keys.has(rowKey(schema, name)) || isAskedFor(selection, { schema, name })));
  return leftOut.filter(isDue).map(({ kind, schema, name, rowsOnly, by }) => ({
    kind: LEFT_OUT_AT_DUMP,
    object: nameOf({ kind, schema: schema ?? '', tag: name }),
    detail: `${rowsOnly ? partOf(kind) : ''}not in the dump: ${by}`,
  }));
}

const partOf = (kind: string): string => (kind === 'SEQUENCE' ? 'its value is ' : 'its rows are ');
