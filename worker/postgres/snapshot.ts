/**
 * The holder: a session that locks every table, exports the snapshot that pg_dump and the evidence share, and stays in
 * its transaction until the dump has ended.
 *
 * The locks come before the snapshot. A table that is truncated or rewritten between a snapshot and the lock of the
 * reader looks empty to the reader, without any error.
 */
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError, toFailure } from '../../core/errors.ts';
import { inBatches } from '../../core/in-batches.ts';
import type { LeftOut } from '../../core/manifest.ts';
import { quoteName } from '../../core/postgres/sql-quote.ts';
import { sqlState } from './connect-error.ts';
import { listLeftOut } from './left-out.ts';
import { locksOfPgDump, requireLocks } from './lock-room.ts';
import { LOCK_TIMEOUT_MS, lockTimeoutError } from './lock-timeout.ts';
import {
  listRelations,
  requireReadable,
  requireReadableLargeObjects,
  tablesOf,
  unloggedWarning,
  type Relation,
} from './relations.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import type { Server } from './server.ts';
import { unrestorableWarnings } from './unrestorable.ts';

/** Tables that change while their list is read make it stale; each attempt starts with a new list. */
const ATTEMPTS_MAX = 5;
const TABLES_PER_LOCK = 200;
/** No such table, no such schema, and a deadlock: whoever was on the other side changes tables of the list. */
const STALE = new Set(['42P01', '3F000', '40P01']);

export interface SnapshotHolder {
  readonly session: Session;
  /** For `pg_dump --snapshot` and SET TRANSACTION SNAPSHOT. */
  readonly snapshot: string;
  /** ISO-8601 UTC. */
  readonly takenAt: string;
  /** What pg_dump will read, all of it locked. There may be more than should be in memory at once. */
  readonly relations: Iterable<Relation>;
  /** What the configuration keeps out of the dump. */
  readonly leftOut: Iterable<LeftOut>;
  /** What a person has to know of what is dumped. */
  readonly warnings: readonly string[];
  /** @throws DumpFailed when the session or its transaction is not the one that exported the snapshot */
  proveAlive(): Promise<void>;
  close(): Promise<void>;
}

export interface HolderOptions extends SessionOptions {
  /** For each lock; default a minute. */
  readonly lockTimeoutMs?: number;
}

/** @throws TableUnreadable, LockTimeout, DumpFailed when the server has no room for the locks, what openSession throws */
export async function holdSnapshot(server: Server, dump: Dump, options: HolderOptions): Promise<SnapshotHolder> {
  const lister = await openSession(server, options);
  try {
    const session = await openSession(server, options);
    try {
      const lockTimeoutMs = options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
      return await lockAndExport({ holder: session, lister, dump, user: server.user, lockTimeoutMs });
    } catch (error) {
      await session.close();
      throw error;
    }
  } finally {
    await lister.close();
  }
}

interface Locking {
  readonly holder: Session;
  readonly lister: Session;
  readonly dump: Dump;
  readonly user: string;
  readonly lockTimeoutMs: number;
}

async function lockAndExport(locking: Locking): Promise<SnapshotHolder> {
  const { holder, lister, dump, user } = locking;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    await lister.run('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY');
    const listed = await listRelations(lister, dump);
    await lister.run('COMMIT');
    requireReadable(listed, user);
    await requireReadableLargeObjects(lister, user);
    const warnings = unloggedWarning(listed, await isReplica(lister));
    await holder.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    if (await lockAll(locking, listed)) {
      const exported = await exportSnapshot(holder);
      const relations = await listRelations(holder, dump);
      // What the first list calls a table may have been another one when it was locked.
      if (areLocked(relations)) {
        const leftOut = await listLeftOut(holder, dump);
        warnings.push(...(await unrestorableWarnings(holder, dump)));
        await holder.run("SELECT pg_catalog.set_config('search_path', '', false)");
        return { ...exported, session: holder, relations, leftOut, warnings, close: () => holder.close() };
      }
    }
    await holder.run('ROLLBACK');
  }
  const message = `tables were created, dropped or altered all the time: no list of them held still in ${ATTEMPTS_MAX} attempts`;
  throw new HoldfastError('DumpFailed', message);
}

async function isReplica(session: Session): Promise<boolean> {
  const [row] = await session.rows<{ replica: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS replica');
  return row?.replica === true;
}

/** A sequence cannot be locked, and nothing of it is lost by what a lock would hold up. */
function areLocked(relations: Iterable<Relation>): boolean {
  for (const { locked } of tablesOf(relations)) if (!locked) return false;
  return true;
}

/** @returns false when the list is stale by now */
async function lockAll(locking: Locking, listed: Iterable<Relation>): Promise<boolean> {
  const { holder, lister, lockTimeoutMs } = locking;
  await requireLocks(lister, locksFor(listed));
  await holder.run(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  for (const tables of inBatches(tablesOf(listed), TABLES_PER_LOCK)) {
    if (!(await lockTables(locking, tables))) return false;
  }
  await holder.run('SET LOCAL lock_timeout = 0');
  return true;
}

/** The holder's, and those of one pg_dump, which also locks the sequences that it reads. */
function locksFor(listed: Iterable<Relation>): number {
  let tables = 0;
  let sequences = 0;
  for (const { kind, withRows } of listed) {
    if (kind !== 'S') tables += 1;
    else if (withRows) sequences += 1;
  }
  return tables + locksOfPgDump(tables + sequences);
}

/** @returns false when the list is stale by now */
async function lockTables({ holder, lister, lockTimeoutMs }: Locking, tables: readonly Relation[]): Promise<boolean> {
  const names = tables.map(({ schema, name }) => `ONLY ${quoteName(schema, name)}`);
  try {
    await holder.run(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
    return true;
  } catch (error) {
    const state = sqlState(error) ?? '';
    if (STALE.has(state)) return false;
    if (state === '55P03') throw await lockTimeoutError(lister, lockTimeoutMs, tables, error);
    throw error;
  }
}

async function exportSnapshot(holder: Session): Promise<Pick<SnapshotHolder, 'snapshot' | 'takenAt' | 'proveAlive'>> {
  const [exported] = await holder.rows<{ snapshot: string; at: string; transaction: string }>(
    `SELECT pg_catalog.pg_export_snapshot() AS snapshot,
            pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
            ${TRANSACTION_IDENTITY} AS transaction`,
  );
  if (exported === undefined) throw new HoldfastError('UnexpectedError', 'the server exported no snapshot');
  return {
    snapshot: exported.snapshot,
    takenAt: exported.at,
    proveAlive: () => proveAlive(holder, exported.transaction),
  };
}

/** The start of a transaction is fixed while it lasts, and another session has another process. */
const TRANSACTION_IDENTITY = `pg_catalog.concat(pg_catalog.pg_backend_pid(), ' ', pg_catalog.transaction_timestamp())`;

async function proveAlive(holder: Session, transaction: string): Promise<void> {
  let found: string | undefined;
  try {
    found = (await holder.rows<{ transaction: string }>(`SELECT ${TRANSACTION_IDENTITY} AS transaction`))[0]
      ?.transaction;
  } catch (error) {
    const { message } = toFailure(error);
    throw new HoldfastError('DumpFailed', `the session that held the snapshot was lost: ${message}`, { cause: error });
  }
  if (found !== transaction) {
    throw new HoldfastError('DumpFailed', 'the transaction that held the snapshot ended before the dump did');
  }
}
