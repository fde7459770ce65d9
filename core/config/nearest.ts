/** The word that was probably meant. */
import { closest, distance } from 'fastest-levenshtein';

/** The known word nearest to a misspelt one, or undefined where none is near enough to be a guess worth making. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(word, known);
  const edits = distance(word.toLowerCase(), nearest.toLowerCase());
  return edits <= Math.max(1, Math.floor(nearest.length / 3)) ? nearest : undefined;
}
