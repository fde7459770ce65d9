/** What makes a restored database ready for use, and its own again. */
import { HoldfastError } from '../../../core/errors.ts';
import type { Evidence } from '../../../core/manifest.ts';
import type { TocEntry } from '../../../core/postgres/restore/archive-toc.ts';
import { databaseDifferences } from '../../../core/postgres/restore/database-differences.ts';
import { commentSql } from '../../../core/postgres/restore/database-sql.ts';
import { AS_ITS_OWNER } from '../../../core/postgres/restore/pg-restore-error.ts';
import { settingDifferences } from '../../../core/postgres/restore/setting-differences.ts';
import { quoteIdentifier, quoteName } from '../../../core/postgres/sql-quote.ts';
import type { Difference } from '../../../core/restore-record.ts';
import { sqlState } from '../connect-error.ts';
import { databaseIdentity, databaseSettings } from '../database-facts.ts';
import type { Session } from '../session.ts';
import type { PreparedRestore } from './prepare-restore.ts';
import { mayOwnAs } from './roles.ts';

/** Without statistics the first queries would be planned blindly. @param tables undefined: all */
export async function analyze(session: Session, tables: readonly TocEntry[] | undefined): Promise<void> {
  const targets = tables?.map(({ schema, tag }) => ` ${quoteName(schema, tag)}`) ?? [''];
  for (const target of targets) {
    await session.run(`ANALYZE${target}`).catch((cause: unknown) => {
      throw cause instanceof Error && sqlState(cause) === '42501' ? analyzeRefused(target, cause) : cause;
    });
  }
}

/** Expressions in indexes are computed for it. */
function analyzeRefused(target: string, cause: Error): HoldfastError {
  const message = `ANALYZE${target} failed, which computes what indexes hold ${AS_ITS_OWNER}: ${cause.message}`;
  return new HoldfastError('RestoreFailed', message, { cause });
}

/**
 * A database that the restore made gets its owner, where it may be given away, and its limit, and its comment in place of
 * the mark that it is unfinished.
 */
export async function finishDatabase(
  session: Session,
  database: string,
  { evidence, facts }: Pick<PreparedRestore, 'evidence' | 'facts'>,
): Promise<void> {
  const { owner, comment = null, connectionLimit = -1 } = evidence.database ?? {};
  const name = quoteIdentifier(database);
  if (connectionLimit >= 0) await session.run(`ALTER DATABASE ${name} CONNECTION LIMIT ${connectionLimit}`);
  if (owner !== undefined && (await mayGive(session, owner, facts.major)))
    await session.run(`ALTER DATABASE ${name} OWNER TO ${quoteIdentifier(owner)}`);
  await session.run(commentSql(database, comment));
}

/** @param wereSet whether the restore has set what belongs to it @returns what of it is not as it was in the source */
export async function compareDatabase(
  session: Session,
  database: string,
  { evidence, facts: { superuser } }: Pick<PreparedRestore, 'evidence' | 'facts'>,
  wereSet: boolean,
): Promise<Difference[]> {
  const unknown = superuser ? await unknownParameters(session, evidence) : new Set<string>();
  const taken = { wereSet, superuser, unknown };
  return [
    ...settingDifferences(evidence.settings, await databaseSettings(session), taken),
    ...databaseDifferences(database, evidence.database, await databaseIdentity(session)),
  ];
}

/** Names with a dot belong to extensions, and anything may be set for them. */
async function unknownParameters(session: Session, { settings }: Evidence): Promise<Set<string>> {
  const names = settings.map(({ name }) => name).filter((name) => !name.includes('.'));
  const rows = await session.rows<{ name: string }>(UNKNOWN_PARAMETERS_SQL, [names]);
  return new Set(rows.map(({ name }) => name));
}

const UNKNOWN_PARAMETERS_SQL = `
SELECT name FROM pg_catalog.unnest($1::text[]) AS wanted(name)
 WHERE pg_catalog.current_setting(name, true) IS NULL`;

/** A database is given away by ALTER DATABASE itself, which checks the same; here it is only foreseen. */
async function mayGive(session: Session, role: string, major: number): Promise<boolean> {
  const [row] = await session.rows<{ may: boolean }>(
    `SELECT ${mayOwnAs(major)} AS may FROM pg_catalog.pg_roles r WHERE r.rolname = $1`,
    [role],
  );
  return row?.may ?? false;
}
