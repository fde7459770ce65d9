/** Server processes that outlive their client: a backend that waits or counts does not notice that its socket is gone. */
import { causeChain } from '../../core/errors.ts';
import { log } from '../log.ts';
import { openSession } from './session.ts';
import type { Server } from './server.ts';

const TIME_ALLOWED_MS = 5_000;

/** Ends every session of this worker. A server that cannot be reached has nothing more to be asked for. */
export async function endLeftovers(server: Server, database: string, applicationName: string): Promise<void> {
  try {
    const signal = AbortSignal.timeout(TIME_ALLOWED_MS);
    const session = await openSession(server, { database, applicationName, signal });
    try {
      await session.rows(LEFTOVERS_SQL, [applicationName]);
    } finally {
      await session.close();
    }
  } catch (error) {
    log('warn', 'sessions that may be left on the server could not be looked for', { reason: causeChain(error) });
  }
}

const LEFTOVERS_SQL = `
SELECT pg_catalog.pg_terminate_backend(pid)
  FROM pg_catalog.pg_stat_activity
 WHERE application_name = $1 AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()`;
