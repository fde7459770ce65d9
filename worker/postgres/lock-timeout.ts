import { HoldfastError } from '../../core/errors.ts';
import type { Session } from './session.ts';
import { listBlockers } from './waits.ts';

/** How long a dump waits for each lock. */
export const LOCK_TIMEOUT_MS = 60_000;

interface Blocker {
  /** Null: of a prepared transaction, which has no process. */
  readonly pid: number | null;
  readonly user: string | null;
  readonly application: string | null;
  /** What a prepared transaction is called. */
  readonly prepared: string | null;
  readonly relations: string;
  /** Processes that it waits for itself; readers queue behind it all the same. */
  readonly behind: readonly number[];
}

/**
 * Names the sessions that hold, or wait for, a lock which not even a reader may pass.
 * @param session in no failed transaction
 * @param wanted where the lock was to be taken; a query locks the indexes of its tables too
 * @param cause of SQLSTATE 55P03
 */
export async function lockTimeoutError(
  session: Session,
  waitedMs: number,
  wanted: readonly { readonly oid: number }[],
  cause: unknown,
): Promise<HoldfastError> {
  const blockers = await session.rows<Blocker>(BLOCKERS_SQL, [wanted.map(({ oid }) => oid)]);
  const who = blockers.length > 0 ? blockers.map(describe).join('; ') : 'the session that held it has ended since';
  return new HoldfastError('LockTimeout', `a lock was waited for, for ${waitedMs / 1000} s: ${who}`, { cause });
}

function describe({ pid, user, application, prepared, relations, behind }: Blocker): string {
  const process = `process ${pid ?? '?'} of ${user ?? '?'} (${application ?? '?'})`;
  const name = pid === null ? `the prepared transaction "${prepared ?? '?'}" of ${user ?? '?'}` : process;
  if (behind.length === 0) return `held by ${name} on ${relations}`;
  return `wanted before by ${name} on ${relations}, who waits for ${listBlockers(behind)}`;
}

/** A prepared transaction is found by the lock on its own number. */
const BLOCKERS_SQL = `
SELECT l.pid, COALESCE(a.usename, p.owner) AS user, a.application_name AS application, p.gid AS prepared,
       pg_catalog.string_agg(DISTINCT l.relation::pg_catalog.regclass::text, ', ') AS relations,
       CASE WHEN l.granted THEN '{}' ELSE pg_catalog.pg_blocking_pids(l.pid) END AS behind
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
  LEFT JOIN (SELECT own.virtualtransaction, gid, owner
               FROM pg_catalog.pg_locks own JOIN pg_catalog.pg_prepared_xacts ON transaction = own.transactionid
              WHERE own.pid IS NULL) p ON l.pid IS NULL AND p.virtualtransaction = l.virtualtransaction
 WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
   AND (l.relation = ANY ($1::pg_catalog.oid[])
        OR l.relation IN (SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = ANY ($1)))
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 GROUP BY l.pid, a.usename, a.application_name, l.granted, p.gid, p.owner
 ORDER BY l.granted DESC, l.pid
 LIMIT 5`;
