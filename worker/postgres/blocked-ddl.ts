/**
 * Sessions of others that wait for a dump: DDL and TRUNCATE for its locks, CREATE INDEX CONCURRENTLY for its snapshot. While
 * one waits for a lock, everybody who wants the table waits behind it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError } from '../../core/errors.ts';
import { log } from '../log.ts';
import type { Server } from './server.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

/** Less than pg_dump waits for a lock, so that who stood in its way is known when it gives up. */
const INTERVAL_MS = 2_000;
const WARNINGS_MAX = 20;

export interface BlockedWatch {
  /** One sentence for each session that has waited for this dump, in the order in which they were seen. */
  warnings(): string[];
  /** Ends the watch and its session. */
  stop(): Promise<void>;
}

/**
 * Looks every two seconds, on a session of its own, for sessions that wait for those of an application name.
 * @param onBlocked `warn`: they are in `warnings`; `fail`: the first one ends the dump too
 * @param fail told at most once: LockTimeout with who waits, or why nobody can look any more
 * @throws what openSession throws
 */
export async function watchBlocked(
  server: Server,
  options: SessionOptions,
  onBlocked: Dump['onBlockedDdl'],
  fail: (error: unknown) => void,
): Promise<BlockedWatch> {
  const stopped = new AbortController();
  const session = await openSession(server, options);
  // Names of tables are to be shown with their schema.
  await session.run("SELECT pg_catalog.set_config('search_path', '', false)");
  const seen: string[] = [];
  let omitted = 0;
  let waitingBefore = new Set<string>();
  const look = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const found = await waitingFor(session, options.applicationName);
      for (const waiting of found.filter((one) => !waitingBefore.has(idOf(one)))) {
        const who = describe(waiting);
        log('warn', 'a session waits for this dump', { database: options.database, who });
        if (onBlocked === 'fail') throw new HoldfastError('LockTimeout', `${who}; onBlockedDdl is fail`);
        if (seen.length < WARNINGS_MAX) seen.push(who);
        else omitted++;
      }
      waitingBefore = new Set(found.map(idOf));
      await sleep(INTERVAL_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  const ended = look().catch((error: unknown) => {
    if (!stopped.signal.aborted) fail(error);
  });
  return {
    warnings: () => limited(seen, omitted),
    stop: async () => {
      stopped.abort();
      await session.close();
      await ended;
    },
  };
}

/** What a dump that did not get its locks says: who stood in its way, where the watch has seen somebody. */
export function namingBlocked(error: unknown, watch: Pick<BlockedWatch, 'warnings'>): unknown {
  const who = watch.warnings();
  if (!(error instanceof HoldfastError) || error.code !== 'LockTimeout' || who.length === 0) return error;
  const message = `pg_dump waited for locks behind sessions that wait for this dump: ${who.join('; ')}`;
  return new HoldfastError('LockTimeout', message, { cause: error });
}

interface Waiting {
  readonly pid: number;
  /** As long as it lives, no other has the same. */
  readonly transaction: string;
  readonly user: string | null;
  readonly application: string | null;
  /** The whole statement, which may hold anything: it is not shown. */
  readonly query: string | null;
  readonly mode: string;
  /** Null: it waits for the snapshot, not for a table. */
  readonly relation: string | null;
  /** ISO-8601 UTC. */
  readonly since: string;
}

/** Who waits for the same thing as when it was last looked is no news. */
const idOf = ({ transaction, relation }: Waiting): string => `${transaction} ${relation ?? ''}`;

async function waitingFor(session: Session, applicationName: string): Promise<Waiting[]> {
  const [mayWait] = await session.rows(ANY_WAITING_SQL);
  return mayWait === undefined ? [] : session.rows<Waiting>(WAITING_SQL, [applicationName]);
}

/**
 * What asks first because it costs the server nothing: a look into the locks stops for a moment everybody who takes one.
 * Without pg_read_all_stats nobody sees whether others wait, so any of them may.
 */
const ANY_WAITING_SQL = `
SELECT FROM pg_catalog.pg_stat_activity
 WHERE datname = pg_catalog.current_database()
   AND (wait_event_type = 'Lock'
        OR NOT (pg_catalog.pg_has_role(usesysid, 'USAGE') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')))
 LIMIT 1`;

const WAITING_SQL = `
SELECT l.pid, l.virtualtransaction AS transaction, a.usename AS user, a.application_name AS application, a.query, l.mode,
       l.relation::pg_catalog.regclass::text AS relation,
       pg_catalog.to_char(COALESCE(l.waitstart, pg_catalog.clock_timestamp()) AT TIME ZONE 'UTC',
                          'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
 WHERE NOT l.granted
   AND (l.locktype = 'virtualxid' OR l.locktype = 'relation' AND a.datname = pg_catalog.current_database())
   AND NOT (a.application_name = $1 AND a.usename = current_user)
   AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity ours
                WHERE ours.application_name = $1 AND ours.usename = current_user
                  AND ours.pid = ANY (pg_catalog.pg_blocking_pids(l.pid)))
 ORDER BY since, l.pid`;

/** Only words of this list are shown of a statement, because its text may hold secrets. */
const COMMANDS =
  /\b(?:(?:ALTER|DROP|LOCK) (?:(?:FOREIGN )?TABLE|INDEX|VIEW|MATERIALIZED VIEW|SCHEMA|TYPE|TRIGGER|EXTENSION)|CREATE (?:UNIQUE )?INDEX|CREATE TRIGGER|TRUNCATE|VACUUM|CLUSTER|REINDEX|REFRESH MATERIALIZED VIEW|LOCK)\b/i;

function describe({ pid, user, application, query, mode, relation, since }: Waiting): string {
  const command =
    COMMANDS.exec((query ?? '').replace(/\s+/g, ' '))?.[0].toUpperCase() ?? `a statement that wants ${mode}`;
  const what = relation === null ? command : `${command} on ${relation}`;
  return `process ${pid} of ${user ?? '?'} (${application ?? '?'}) waits for this dump since ${since}: ${what}`;
}

function limited(warnings: readonly string[], omitted: number): string[] {
  if (omitted === 0) return [...warnings];
  return [...warnings, `${omitted} more sessions that waited for this dump are in the worker's log`];
}
