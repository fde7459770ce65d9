/** What the sessions of this worker are doing on the server, when nothing moves any more. */
import { causeChain } from '../../core/errors.ts';
import { openSession } from './session.ts';
import type { Server } from './server.ts';

/** The server may be what stands still. */
const TIME_ALLOWED_MS = 5_000;
const SESSIONS_SHOWN = 10;

/**
 * Asks in a session of its own, for five seconds at most.
 * @returns a clause for a message; never rejects: that nobody could look is an answer too
 */
export async function describeWaits(server: Server, database: string, applicationName: string): Promise<string> {
  const signal = AbortSignal.timeout(TIME_ALLOWED_MS);
  try {
    const session = await openSession(server, { database, applicationName, signal });
    try {
      const found = await session.rows<Waiting>(WAITS_SQL, [applicationName]);
      return found.length === 0 ? 'the server has no session of this worker' : listed(found.map(describe));
    } finally {
      await session.close();
    }
  } catch (error) {
    return `what its sessions wait for could not be asked: ${causeChain(error)}`;
  }
}

interface Waiting {
  readonly pid: number;
  readonly state: string | null;
  readonly command: string | null;
  readonly event: string | null;
  readonly blockers: number[];
}

/** Who is busy comes first. The command's first word says enough, and holds no data. */
const WAITS_SQL = `
SELECT pid, state, pg_catalog.substring(query, '\\w+') AS command,
       wait_event_type || ': ' || wait_event AS event, pg_catalog.pg_blocking_pids(pid) AS blockers
  FROM pg_catalog.pg_stat_activity
 WHERE application_name = $1 AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()
 ORDER BY state <> 'active', pid`;

function describe({ pid, state, command, event, blockers }: Waiting): string {
  const doing = `session ${pid} is ${state ?? 'in an unknown state'}${command === null ? '' : ` (${command})`}`;
  const behind = blockers.length === 0 ? '' : ` behind ${listBlockers(blockers)}`;
  return event === null ? `${doing} and waits for nothing` : `${doing} and waits for ${event}${behind}`;
}

/** @param pids as pg_blocking_pids gives them: a prepared transaction, which has no process, is 0 */
export function listBlockers(pids: readonly number[]): string {
  return pids.map((pid) => (pid === 0 ? 'a prepared transaction' : String(pid))).join(', ');
}

function listed(sessions: readonly string[]): string {
  const more = sessions.length - SESSIONS_SHOWN;
  const shown = sessions.slice(0, SESSIONS_SHOWN).join('; ');
  return more > 0 ? `${shown}; and ${more} more` : shown;
}
