/** A message about sources, and not about one piece of work: how its parts are called, and its subject. */

export interface SourcesMessage {
  /** ASCII, one line, under 100 characters. */
  readonly subject: string;
  readonly text: string;
  /** The same for programs. */
  readonly json: { readonly format: string; readonly outcome: string };
  /** Of whom it is. */
  readonly sources: readonly string[];
}

const SUBJECT_MAX = 99;

/** @param word in capitals: what is the matter with them */
export function subjectOfSources(word: string, sources: readonly string[]): string {
  const subject = `[holdfast] ${word} ${sources.join(', ')}`;
  return subject.length <= SUBJECT_MAX ? subject : `${subject.slice(0, SUBJECT_MAX - 3)}...`;
}
