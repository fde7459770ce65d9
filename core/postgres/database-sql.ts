/**
 * SQL that gives a database its own settings, privileges and comment again, which an archive brings back only with
 * `pg_restore --create`. It is for the database that it runs in, whatever its name.
 */
import type { DatabaseGrant, Evidence } from '../manifest.ts';
import { anonymousBlock, isPlatformRole } from './roles-sql.ts';
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

type Setting = Evidence['settings'][number];

/** Its first line: what stands before it in a roles object makes roles. */
export const DATABASE_SQL_HEADING = '-- What belongs to the database itself.';

export interface DatabaseSettings {
  readonly settings: readonly Setting[];
  readonly acl: readonly DatabaseGrant[];
  readonly comment: string | null;
}

/**
 * The owner is left to who restores: what follows needs an owner's rights. What the one who restores may not set, such
 * as a parameter for superusers, is a warning of the server, which names it.
 */
export function databaseSql({ settings, acl, comment }: DatabaseSettings): string {
  const grants = acl.filter(({ grantee }) => grantee === null || !isPlatformRole(grantee));
  return [
    DATABASE_SQL_HEADING,
    onDatabase('REVOKE ALL ON DATABASE', 'FROM PUBLIC'),
    ...grants.map(grantSql),
    ...(comment === null ? [] : [onDatabase('COMMENT ON DATABASE', `IS ${quoteLiteral(comment)}`)]),
    ...settings.filter(({ role }) => role === null || !isPlatformRole(role)).map(settingSql),
    '',
  ].join('\n');
}

function grantSql({ grantee, privilege, grantable }: DatabaseGrant): string {
  const to = grantee === null ? 'PUBLIC' : quoteIdentifier(grantee);
  return onDatabase(`GRANT ${privilege} ON DATABASE`, `TO ${to}${grantable ? ' WITH GRANT OPTION' : ''}`);
}

/** For the database that it runs in. What may not be set is a warning of the server. */
export function settingSql({ name, value, role }: Setting): string {
  const whose = role === null ? 'ALTER DATABASE' : `ALTER ROLE ${quoteIdentifier(role)} IN DATABASE`;
  return onDatabase(whose, `SET ${quoteIdentifier(name)} TO ${valueSql(name, value)}`);
}

/** Parameters whose value is a list of names: GUC_LIST_QUOTE in guc_tables.c. */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

function valueSql(name: string, value: string): string {
  if (!LISTS.has(name.toLowerCase()) || value === '') return quoteLiteral(value);
  return namesIn(value).map(quoteLiteral).join(', ');
}

/** As the catalog keeps them: `"$user", public`. */
function namesIn(list: string): string[] {
  const names = list.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? [];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

/** One statement, with the database's name between its halves. */
function onDatabase(before: string, after: string): string {
  const command = `${quoteLiteral(`${before} `)} || pg_catalog.quote_ident(pg_catalog.current_database()) || ${quoteLiteral(` ${after}`)}`;
  return anonymousBlock(
    `DECLARE command text := ${command}; BEGIN EXECUTE command; ` +
      'EXCEPTION WHEN insufficient_privilege OR undefined_object OR invalid_parameter_value THEN ' +
      "RAISE WARNING 'not restored: %: %', command, SQLERRM; END;",
  );
}
