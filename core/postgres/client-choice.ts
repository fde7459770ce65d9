/** Which of the installed pg_dump programs serves a server. */
import { HoldfastError } from '../errors.ts';

/** The first major whose pg_dump compresses with zstd by itself. */
export const OLDEST_CLIENT = 16;

/**
 * The client of the server's own major where it is usable, else the next newer one: an archive can be restored by no
 * older pg_restore than the pg_dump that wrote it, so the client is never newer than it has to be.
 * @param installed majors of the clients at hand
 * @param serverMajor such as 17
 * @param serverVersion such as "17.5", for the message
 * @throws ServerTooNew when every client is older than the server
 */
export function chooseClient(installed: readonly number[], serverMajor: number, serverVersion: string): number {
  const usable = installed.filter((major) => major >= OLDEST_CLIENT).sort((a, b) => a - b);
  const client = usable.find((major) => major >= serverMajor);
  if (client !== undefined) return client;
  const newest = usable.at(-1);
  if (newest === undefined) {
    const found = installed.length === 0 ? 'none' : installed.join(', ');
    throw new HoldfastError('UnexpectedError', `no pg_dump ${OLDEST_CLIENT} or newer is installed (found: ${found})`);
  }
  throw new HoldfastError(
    'ServerTooNew',
    `the server is PostgreSQL ${serverVersion} and the newest pg_dump is of version ${newest}: ` +
      `add postgresql-client-${serverMajor} to the worker image`,
  );
}
