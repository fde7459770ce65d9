/** Differences of a restore as a person reads them: one line for each reason, and first what is missing. */
import { LEFT_OUT, LEFT_OUT_AT_DUMP, NOT_COMPARED, WITHOUT_ROWS, type Difference } from './restore-record.ts';

const FIRST: readonly string[] = [LEFT_OUT, LEFT_OUT_AT_DUMP, WITHOUT_ROWS, NOT_COMPARED];

/** @param namesMax how many objects a line names; it says how many more there are */
export function groupDifferences(differences: readonly Difference[], namesMax: number): Difference[] {
  const groups = new Map<string, { readonly first: Difference; readonly objects: Set<string> }>();
  for (const first of differences) {
    const key = JSON.stringify([first.kind, first.detail]);
    const group = groups.get(key) ?? { first, objects: new Set() };
    group.objects.add(first.object);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ first, objects }) => ({ ...first, object: named([...objects], namesMax) }))
    .sort((a, b) => rankOf(a) - rankOf(b));
}

function named(objects: readonly string[], namesMax: number): string {
  const shown = objects.slice(0, namesMax).join(', ');
  return objects.length > namesMax ? `${shown} and ${objects.length - namesMax} more` : shown;
}

function rankOf({ kind }: Difference): number {
  const place = FIRST.indexOf(kind);
  return place === -1 ? FIRST.length : place;
}
