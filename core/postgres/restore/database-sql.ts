/** SQL that makes the database of a restore, and marks it until it is whole. */
import type { DatabaseDump } from '../../manifest.ts';
import { quoteIdentifier, quoteLiteral } from '../sql-quote.ts';

type Locale = Pick<DatabaseDump, 'encoding' | 'collation' | 'ctype' | 'localeProvider' | 'locale'>;

/** template0: any other template may hold objects already, and fixes encoding and locale. */
export function createDatabaseSql(database: string, dump: Locale): string {
  const options = [
    'TEMPLATE template0',
    `ENCODING ${quoteLiteral(dump.encoding)}`,
    `LC_COLLATE ${quoteLiteral(dump.collation)}`,
    `LC_CTYPE ${quoteLiteral(dump.ctype)}`,
    ...localeOptions(dump),
  ];
  return `CREATE DATABASE ${quoteIdentifier(database)} WITH ${options.join(' ')}`;
}

function localeOptions({ localeProvider, locale }: Locale): string[] {
  if (locale === null || localeProvider === 'libc') return [];
  return localeProvider === 'icu'
    ? ['LOCALE_PROVIDER icu', `ICU_LOCALE ${quoteLiteral(locale)}`]
    : ['LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${quoteLiteral(locale)}`];
}

/** Sessions in it are ended: what is dropped is half of a restore. */
export function dropDatabaseSql(database: string): string {
  return `DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`;
}

/** Without its slot, which is the source's, and not even looked for. */
export function dropSubscriptionSql(subscription: string): string {
  const name = quoteIdentifier(subscription);
  return `ALTER SUBSCRIPTION ${name} DISABLE; ALTER SUBSCRIPTION ${name} SET (slot_name = NONE); DROP SUBSCRIPTION ${name}`;
}

const MARK = 'not complete: being restored by holdfast, ';

/** The comment of a database whose restore is not complete; seen by people, and by the same restore when it runs again. */
export function unfinishedMark(restore: string): string {
  return `${MARK}${restore}`;
}

/** @returns the restore that has not completed the database of this comment; undefined: none says so */
export function unfinishedRestore(comment: string | null): string | undefined {
  return comment?.startsWith(MARK) === true ? comment.slice(MARK.length) : undefined;
}

/** @param comment null removes it */
export function commentSql(database: string, comment: string | null): string {
  return `COMMENT ON DATABASE ${quoteIdentifier(database)} IS ${comment === null ? 'NULL' : quoteLiteral(comment)}`;
}
