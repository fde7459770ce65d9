/** Differences of a restore as a person reads them: one line for each reason, and first what is missing. */
import {
  LEFT_OUT,
  LEFT_OUT_AT_DUMP,
  NOT_COMPARED,
  WITHOUT_ROWS,
  type Difference,
  type RestoredDatabase,
} from './restore-record.ts';

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

/** Of a database, for whoever reads about it. */
const LINES_MAX = 50;
/** Of all databases of a restore test: with names of 63 bytes, these take 300 of the 400 KB that a row of DynamoDB holds. */
const LINES_OF_ROW_MAX = 200;
const NAMES_OF_LINE_MAX = 10;

/** What there is room for in a row. @param databases that share it */
export function rowDifferences(
  differences: readonly Difference[],
  databases: number,
): Pick<RestoredDatabase, 'differences' | 'differencesOmitted'> {
  const linesMax = Math.max(1, Math.min(LINES_MAX, Math.floor(LINES_OF_ROW_MAX / databases)));
  const lines = groupDifferences(differences, NAMES_OF_LINE_MAX);
  return { differences: lines.slice(0, linesMax), differencesOmitted: Math.max(0, lines.length - linesMax) };
}

function named(objects: readonly string[], namesMax: number): string {
  const shown = objects.slice(0, namesMax).join(', ');
  return objects.length > namesMax ? `${shown} and ${objects.length - namesMax} more` : shown;
}

function rankOf({ kind }: Difference): number {
  const place = FIRST.indexOf(kind);
  return place === -1 ? FIRST.length : place;
}
