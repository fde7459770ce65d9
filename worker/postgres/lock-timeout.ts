import { HoldfastError } from '../../core/errors.ts';
import type { Session } from './session.ts';

interface Blocker {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  readonly tables: string;
}

/** Names the sessions that hold a lock which not even a reader may pass. */
export async function lockTimeoutError(
  session: Session,
  waitedSeconds: number,
  cause: unknown,
): Promise<HoldfastError> {
  const blockers = await session.rows<Blocker>(BLOCKERS_SQL);
  const names = blockers.map(
    ({ pid, user, application, tables }) => `process ${pid} of ${user ?? '?'} (${application ?? '?'}) on ${tables}`,
  );
  const who = names.length > 0 ? `held by ${names.join('; ')}` : 'the session that held it has ended since';
  return new HoldfastError('LockTimeout', `a table was locked for ${waitedSeconds} s: ${who}`, { cause });
}

const BLOCKERS_SQL = `
SELECT l.pid, a.usename AS user, a.application_name AS application,
       pg_catalog.string_agg(DISTINCT l.relation::pg_catalog.regclass::text, ', ') AS tables
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
 WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock' AND l.relation >= 16384
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 GROUP BY 1, 2, 3
 LIMIT 5`;
