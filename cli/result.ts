/** What a command hands back; only the program prints, so that `--json` leaves nothing else on stdout. */
import { exitCodeOf, renderProblem, type Problem } from './problem.ts';

export interface Result {
  /** For programs. */
  readonly document: object;
  /** For a person; may be empty. */
  readonly text: string;
  /** What went wrong, although there is something to show. */
  readonly problem?: Problem;
  /** For a person, on stderr, in either form. */
  readonly warnings?: readonly string[];
}

export interface Streams {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

/** Prints a result. @returns the exit code */
export function printResult(result: Result, json: boolean, { out, err }: Streams): number {
  const { document, text, problem, warnings = [] } = result;
  if (json) out.write(toJson(problem ? { ...document, error: problem } : document));
  else if (text !== '') out.write(`${text}\n`);
  for (const warning of warnings) err.write(`warning: ${warning}\n`);
  if (!problem) return 0;
  if (!json) err.write(renderProblem(problem));
  return exitCodeOf(problem);
}

/** Prints a problem where there is nothing else to show. @returns the exit code */
export function printProblem(problem: Problem, json: boolean, { out, err }: Streams): number {
  if (json) out.write(toJson({ error: problem }));
  else err.write(renderProblem(problem));
  return exitCodeOf(problem);
}

const toJson = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
