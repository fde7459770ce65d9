/** What pg_restore said when a statement failed: the object and the statement, without the values in them. */

const STATEMENT_LENGTH_MAX = 200;
const REASON_LENGTH_MAX = 500;

const ERROR = /^pg_restore: (\[[^\]]*\] )?(error|fatal): /i;

export const isError = (line: string): boolean => ERROR.test(line);

/** What pg_restore of 17 and later sets in every session, and no server before 17 knows. */
const UNKNOWN_SETTING = 'unrecognized configuration parameter "transaction_timeout"';

export const isUnknownSetting = (line: string): boolean => isError(line) && line.endsWith(UNKNOWN_SETTING);

/** Whether that is all that pg_restore went on after. */
export function onlyUnknownSettings(stderr: string): boolean {
  return stderr.includes('errors ignored on restore: ') && stderr.split('\n').filter(isError).every(isUnknownSetting);
}

/**
 * @param stderr of pg_restore, redacted
 * @returns such as `TABLE orders postgres: ERROR:  type "mood" does not exist, in: CREATE TABLE public.orders (…)`
 */
export function describeFailure(stderr: string): string {
  const lines = stderr.split('\n');
  const errorAt = lines.findIndex((line) => isError(line) && !isUnknownSetting(line));
  if (errorAt === -1)
    return shorten(
      lines
        .filter((line) => line.trim() !== '')
        .slice(-3)
        .join('; '),
      REASON_LENGTH_MAX,
    );
  const entry = lines.slice(0, errorAt).findLast((line) => line.includes('from TOC entry'));
  const object = entry && /from TOC entry \d+; \d+ \d+ (.*)$/.exec(entry)?.[1];
  const reason = (lines[errorAt] ?? '').replace(ERROR, '');
  const said = [
    ...(object === undefined ? [] : [`${object}: `]),
    shorten(withoutValues(reason), REASON_LENGTH_MAX),
    ...statementOf(lines.slice(errorAt + 1)),
  ].join('');
  return COMPUTED_AS_OWNER.test(said) ? `${said} (computed ${AS_ITS_OWNER})` : said;
}

const COMPUTED_AS_OWNER = /permission denied .*, in: (REFRESH MATERIALIZED VIEW|CREATE (UNIQUE )?INDEX) /s;

/** What cannot be known beforehand: whether an owner was a superuser at the source is not recorded. */
export const AS_ITS_OWNER =
  'with the privileges of its owner, who may have been a superuser at the source and is none here';

function statementOf(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => line.startsWith('Command was: '));
  if (start === -1) return [];
  const end = lines.findIndex((line, index) => index > start && line.startsWith('pg_restore: '));
  const command = lines
    .slice(start, end === -1 ? undefined : end)
    .join(' ')
    .slice('Command was: '.length);
  return [`, in: ${shorten(withoutValues(command).replace(/\s+/g, ' ').trim(), STATEMENT_LENGTH_MAX)}`];
}

/** Constants may be passwords of user mappings and subscriptions, or rows of the data. */
function withoutValues(text: string): string {
  return text.replace(/'(?:[^']|'')*(?:'|$)/g, "'…'");
}

/** Cuts at a character, never inside one. */
function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
