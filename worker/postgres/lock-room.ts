/**
 * The server's shared lock table, which all sessions fill together. A dump that takes its last entries fails half-way, and
 * so does everybody else's work.
 *
 * Its size is max_locks_per_transaction for each process that may take locks (NLOCKENTS in lock.c), with two holders
 * for each locked object. Measured on 15, 17 and 18: the holders run out first, at 1.9 to 2 times that number.
 */
import { HoldfastError } from '../../core/errors.ts';
import type { Session } from './session.ts';

const HOLDERS_PER_LOCK = 2;
/** What is left to others, beside what they hold already. */
const SHARE_USED_MAX = 0.9;
/** A pg_dump also locks the catalogs that it reads, with their indexes. */
const LOCKS_OF_CATALOGS = 200;

/** What one session of pg_dump locks. @param relations tables and the sequences that it reads */
export function locksOfPgDump(relations: number): number {
  return relations + LOCKS_OF_CATALOGS;
}

/** How many more locks may be taken on the server by all sessions of a dump together. */
export async function freeLocks(session: Session): Promise<number> {
  return freeOf(await readRoom(session));
}

/** @throws DumpFailed with how many there are and what to set, when the server has less room than that */
export async function requireLocks(session: Session, needed: number): Promise<void> {
  const room = await readRoom(session);
  if (freeOf(room) >= needed) return;
  const { perTransaction, processes, held } = room;
  const enough = Math.ceil((needed + held) / SHARE_USED_MAX / HOLDERS_PER_LOCK / processes);
  throw new HoldfastError(
    'DumpFailed',
    `the dump takes ${needed} locks and the server has room for ${freeOf(room)} (others hold ${held}): ` +
      `set max_locks_per_transaction to ${enough} or more, it is ${perTransaction}, and restart the server`,
  );
}

interface LockRoom {
  readonly perTransaction: number;
  readonly processes: number;
  readonly held: number;
}

function freeOf({ perTransaction, processes, held }: LockRoom): number {
  return Math.max(0, Math.floor(perTransaction * processes * HOLDERS_PER_LOCK * SHARE_USED_MAX) - held);
}

async function readRoom(session: Session): Promise<LockRoom> {
  const [room] = await session.rows<LockRoom>(ROOM_SQL);
  if (room === undefined)
    throw new HoldfastError('UnexpectedError', 'the server did not tell the size of its lock table');
  return room;
}

/** MaxBackends and prepared transactions; locks of the fast path are not in the shared table. */
const ROOM_SQL = `
SELECT pg_catalog.current_setting('max_locks_per_transaction')::integer AS "perTransaction",
       (SELECT pg_catalog.sum(setting::integer)::integer FROM pg_catalog.pg_settings
         WHERE name IN ('max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders')
            OR name = (SELECT pg_catalog.max(name) FROM pg_catalog.pg_settings
                        WHERE name IN ('autovacuum_max_workers', 'autovacuum_worker_slots'))) AS processes,
       (SELECT pg_catalog.count(*)::integer FROM pg_catalog.pg_locks WHERE NOT fastpath) AS held`;
