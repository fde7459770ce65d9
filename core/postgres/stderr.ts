/** What a client program said on stderr, made safe and short enough to be shown. */

const WARNINGS_MAX = 20;
const WARNING_LENGTH_MAX = 300;
const LINE_LENGTH_MAX = 1_000;
/** Shorter words would blot out half of a message and protect nothing. */
const SECRET_LENGTH_MIN = 3;

/** Replaces every secret, also as it would stand in a URL. */
export function redact(text: string, secrets: readonly string[]): string {
  return formsOf(secrets)
    .filter((form) => form.length >= SECRET_LENGTH_MIN)
    .sort((a, b) => b.length - a.length)
    .reduce((redacted, form) => redacted.replaceAll(form, '***'), text);
}

function formsOf(secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed())]);
}

/** How much of the beginning of a line `lineHead` needs. */
export function lineHeadLength(secrets: readonly string[]): number {
  return LINE_LENGTH_MAX + longestOf(secrets);
}

/**
 * At most 1,000 characters of the beginning of a line, redacted.
 * @param line all of it, or its first `lineHeadLength` characters
 */
export function lineHead(line: string, secrets: readonly string[]): string {
  const redacted = redact(line, secrets);
  if (line.length < lineHeadLength(secrets)) return shorten(redacted, LINE_LENGTH_MAX);
  // A secret that was cut is in the last characters, where it is not recognised.
  return shorten(`${redacted.slice(0, redacted.length - longestOf(secrets))}…`, LINE_LENGTH_MAX);
}

function longestOf(secrets: readonly string[]): number {
  return Math.max(0, ...formsOf(secrets).map(({ length }) => length));
}

/** Lines with a warning of pg_dump, at most 20 of at most 300 characters, each once. */
export function warningsOf(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => /\bwarning:/i.test(line));
  return [...new Set(lines.map((line) => shorten(line.trim(), WARNING_LENGTH_MAX)))].slice(0, WARNINGS_MAX);
}

/** The last lines in one, at most `lengthMax` characters. */
export function lastLines(stderr: string, count: number, lengthMax: number): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const last = lines.filter((line) => line !== '').slice(-count);
  return shorten(last.join('; '), lengthMax);
}

/** Cuts at a character, never inside one. */
function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
