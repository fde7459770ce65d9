/** What a client program said on stderr, made safe and short enough to be shown. */

const WARNINGS_MAX = 20;
const WARNING_LENGTH_MAX = 300;
/** Shorter words would blot out half of a message and protect nothing. */
const SECRET_LENGTH_MIN = 3;

/** Replaces every secret, also as it would stand in a URL. */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed())]);
  return forms
    .filter((form) => form.length >= SECRET_LENGTH_MIN)
    .sort((a, b) => b.length - a.length)
    .reduce((redacted, form) => redacted.replaceAll(form, '***'), text);
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
