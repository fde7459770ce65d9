/** What makes a restored database ready for use, and its own again. */
import { databaseDifferences } from '../../../core/postgres/restore/database-differences.ts';
import { settingSql } from '../../../core/postgres/database-sql.ts';
import { commentSql } from '../../../core/postgres/restore/database-sql.ts';
import {
  lackingSettings,
  settingDifferences,
  type Setting,
} from '../../../core/postgres/restore/setting-differences.ts';
import { quoteIdentifier } from '../../../core/postgres/sql-quote.ts';
import type { Difference } from '../../../core/restore-record.ts';
import { sqlState } from '../connect-error.ts';
import { databaseIdentity, databaseSettings } from '../database-facts.ts';
import type { Session } from '../session.ts';
import type { PreparedRestore } from './prepare-restore.ts';
import { mayOwnAs } from './roles.ts';

type Restored = Pick<PreparedRestore, 'evidence'>;

const isRole = ({ name, role }: Setting): boolean => role === null && name === 'role';

/** Until `setRole`: every session that enters it would be that role, and lack the rights of the one that restores. */
export async function resetRole(session: Session, database: string, { evidence }: Restored): Promise<void> {
  if (evidence.settings.some(isRole)) await session.run(`ALTER DATABASE ${quoteIdentifier(database)} RESET role`);
}

export async function setRole(session: Session, { evidence }: Restored): Promise<void> {
  for (const setting of evidence.settings.filter(isRole)) await session.run(settingSql(setting));
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
  const found = await databaseSettings(session);
  const lacking = superuser ? lackingSettings(evidence.settings, found) : [];
  const taken = { wereSet, superuser, refusals: await refusalsOf(session, lacking) };
  return [
    ...settingDifferences(evidence.settings, found, taken),
    ...databaseDifferences(database, evidence.database, await databaseIdentity(session)),
  ];
}

/** Each is tried, and forgotten with its statement. What the server says of it may name the value, and is not passed on. */
async function refusalsOf(session: Session, settings: readonly Setting[]): Promise<Map<Setting, string>> {
  const refusals = new Map<Setting, string>();
  for (const setting of settings) {
    try {
      await session.rows('SELECT pg_catalog.set_config($1, $2, true)', [setting.name, setting.value]);
    } catch (error) {
      const refusal = REFUSALS.get(sqlState(error) ?? '');
      if (refusal === undefined) throw error;
      refusals.set(setting, refusal);
    }
  }
  return refusals;
}

/** By SQLSTATE. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['42704', 'the target has no parameter of that name'],
  ['22023', 'the target cannot have that value, a locale that it lacks say'],
  ['55P02', 'no session may change it'],
]);

/** A database is given away by ALTER DATABASE itself, which checks the same; here it is only foreseen. */
async function mayGive(session: Session, role: string, major: number): Promise<boolean> {
  const [row] = await session.rows<{ may: boolean }>(
    `SELECT ${mayOwnAs(major)} AS may FROM pg_catalog.pg_roles r WHERE r.rolname = $1`,
    [role],
  );
  return row?.may ?? false;
}
