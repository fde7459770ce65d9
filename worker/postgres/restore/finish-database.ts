/** What makes a restored database ready for use, and its own again. */
import { HoldfastError } from '../../../core/errors.ts';
import type { Evidence } from '../../../core/manifest.ts';
import type { TocEntry } from '../../../core/postgres/restore/archive-toc.ts';
import { databaseDifferences } from '../../../core/postgres/restore/database-differences.ts';
import { commentSql } from '../../../core/postgres/restore/database-sql.ts';
import { AS_ITS_OWNER } from '../../../core/postgres/restore/pg-restore-error.ts';
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
 * A database that the restore made gets its owner and its limit, and its comment in place of the mark that it is
 * unfinished.
 */
export async function finishDatabase(
  session: Session,
  database: string,
  { evidence, facts }: Pick<PreparedRestore, 'evidence' | 'facts'>,
): Promise<Difference[]> {
  const differences = await settingDifferences(session, evidence);
  const { owner, comment = null, connectionLimit = -1 } = evidence.database ?? {};
  if (connectionLimit >= 0) {
    await session.run(`ALTER DATABASE ${quoteIdentifier(database)} CONNECTION LIMIT ${connectionLimit}`);
  }
  if (owner !== undefined) {
    if (await mayGive(session, owner, facts.major)) {
      await session.run(`ALTER DATABASE ${quoteIdentifier(database)} OWNER TO ${quoteIdentifier(owner)}`);
    } else {
      const detail = `not given to ${owner}, which the role that restores may not do`;
      differences.push({ kind: 'owner', object: `DATABASE ${database}`, detail });
    }
  }
  await session.run(commentSql(database, comment));
  return differences;
}

/** A database that was there before stays its owner's. @returns what of it is not as it was in the source */
export async function describeFound(
  session: Session,
  database: string,
  { evidence }: Pick<PreparedRestore, 'evidence'>,
): Promise<Difference[]> {
  const differences = await settingDifferences(session, evidence);
  return [...differences, ...databaseDifferences(database, evidence.database, await databaseIdentity(session))];
}

/** Parameters that only a superuser may set stay as the target has them. */
async function settingDifferences(session: Session, { settings }: Evidence): Promise<Difference[]> {
  const found = await databaseSettings(session);
  return settings
    .filter(
      ({ name, value, role }) => !found.some((one) => one.name === name && one.value === value && one.role === role),
    )
    .map(({ name, role }) => {
      const object = role === null ? name : `${name} of ${role}`;
      return { kind: 'setting', object, detail: 'the role that restores may not set it' };
    });
}

/** A database is given away by ALTER DATABASE itself, which checks the same; here it is only foreseen. */
async function mayGive(session: Session, role: string, major: number): Promise<boolean> {
  const [row] = await session.rows<{ may: boolean }>(
    `SELECT ${mayOwnAs(major)} AS may FROM pg_catalog.pg_roles r WHERE r.rolname = $1`,
    [role],
  );
  return row?.may ?? false;
}
