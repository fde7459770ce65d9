/** One pg_dump process: its bytes go into an upload, and whether it was good is decided when everything of it has ended. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError, causeChain, type ErrorCode } from '../../core/errors.ts';
import { walkArchive, type ArchiveWalker, type OnBlock } from '../../core/postgres/archive-walker.ts';
import { lastLines } from '../../core/postgres/stderr.ts';
import type { ArchiveMeter } from '../progress.ts';
import type { Upload } from '../upload.ts';
import { clientEnvironment } from './client-environment.ts';
import { endOf, killGroup, stopGroup, type ProcessEnd } from './client-process.ts';
import type { PgDumpClient } from './clients.ts';
import { collectStderr } from './collect-stderr.ts';
import type { Server } from './server.ts';
import { openStdoutPipe, type StdoutPipe } from './stdout-pipe.ts';
import { libpqTlsEnvironment } from './tls.ts';

/**
 * Short, because the holder has every lock already: pg_dump waits only behind a session that waits for the holder itself,
 * which nothing but pg_dump's giving up ends; until then that session's lock holds up every reader of the table.
 */
const LOCK_WAIT_MS = 5_000;
const CONNECT_TIMEOUT_SECONDS = 60;
const LINES_SHOWN = 5;
const MESSAGE_LENGTH_MAX = 1_000;

export interface PgDumpJob {
  readonly client: PgDumpClient;
  readonly server: Server;
  readonly database: string;
  /** As pg_export_snapshot gave it. */
  readonly snapshot: string;
  readonly dump: Dump;
  /** What of the database goes into this archive, as arguments of pg_dump; [] is all of it. */
  readonly selection: readonly string[];
  readonly applicationName: string;
  /** Ends the process; the job then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Takes the archive's bytes; what it throws ends the process and is what the job throws. */
  readonly upload: Upload;
  /** Told after every read. */
  readonly onMoved: ArchiveMeter['onMoved'];
  readonly onBlock: OnBlock;
}

export interface FinishedDump {
  readonly warnings: readonly string[];
  /** Whether `onBlock` was told of every block: it is of none in an archive of an unknown version. */
  readonly isWalked: boolean;
}

/**
 * Resolves only after exit code 0, without a signal, with stdout read to its end and every byte taken by the upload.
 * @throws DumpFailed, LockTimeout
 */
export async function runPgDump(job: PgDumpJob): Promise<FinishedDump> {
  job.signal.throwIfAborted();
  const password = await job.server.password();
  const pipe = await openStdoutPipe();
  try {
    return await runInto(pipe, job, password);
  } finally {
    pipe.destroy();
  }
}

async function runInto(pipe: StdoutPipe, job: PgDumpJob, password: string): Promise<FinishedDump> {
  const startedAt = performance.now();
  const child = startPgDump(pipe, job, password);
  pipe.childEnd.destroy();
  const ended = endOf(child);
  // It may have no streams then.
  if (child.pid === undefined) requireGoodEnd(await ended, '', 0);
  const stderr = collectStderr(child.stderr, [password]);
  const stop = (): void => {
    stopGroup(child);
  };
  job.signal.addEventListener('abort', stop, { once: true });
  // Also while the password or the pipe was waited for.
  if (job.signal.aborted) stop();
  const walker = walkArchive(job.onBlock);
  const pumped = await pump(pipe, job, walker);
  if ('error' in pumped) stop();
  const end = await ended;
  job.signal.removeEventListener('abort', stop);
  killGroup(child, 'SIGKILL');
  await stderr.ended;
  job.signal.throwIfAborted();
  if ('error' in pumped) throw pumped.error;
  requireGoodEnd(end, stderr.text(), performance.now() - startedAt);
  const unknown = requireWhole(walker);
  return { warnings: [...unknown, ...stderr.warnings()], isWalked: unknown.length === 0 };
}

/** @throws DumpFailed where the system refuses at once, such as arguments that are too long */
function startPgDump(pipe: StdoutPipe, job: PgDumpJob, password: string): ChildProcessByStdio<null, null, Readable> {
  try {
    return spawn(job.client.path, pgDumpArguments(job), {
      env: clientEnvironment(connectionEnvironment(job, password)),
      stdio: ['ignore', pipe.childEnd, 'pipe'],
      // A process group of its own, so that nothing of it outlives the job.
      detached: true,
    });
  } catch (cause) {
    throw new HoldfastError('DumpFailed', `pg_dump did not start: ${causeChain(cause)}`, { cause });
  }
}

function pgDumpArguments({ snapshot, dump, selection }: PgDumpJob): string[] {
  return [
    '--format=custom',
    `--compress=${dump.compression}`,
    `--snapshot=${snapshot}`,
    '--no-password',
    `--lock-wait-timeout=${LOCK_WAIT_MS}`,
    ...selection,
    ...dump.excludeTables.map((pattern) => `--exclude-table=${pattern}`),
    ...dump.excludeTableData.map((pattern) => `--exclude-table-data=${pattern}`),
    ...dump.extraArgs,
  ];
}

/** By environment, because everybody on a machine can read the arguments of a process. */
function connectionEnvironment(job: PgDumpJob, password: string): Record<string, string> {
  const { server, database, applicationName } = job;
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGDATABASE: database,
    PGPASSWORD: password,
    PGAPPNAME: applicationName,
    PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_SECONDS),
    ...libpqTlsEnvironment(server.sslMode, server.certificates),
  };
}

/** Ends when stdout has ended; an error is a value here, because the process has to be waited for first. */
async function pump(
  pipe: StdoutPipe,
  { upload, onMoved }: PgDumpJob,
  walker: ArchiveWalker,
): Promise<{ readonly error?: unknown }> {
  let bytes = 0;
  try {
    await pipe.pump((chunk) => {
      bytes += chunk.length;
      walker.take(chunk);
      onMoved(bytes);
      return upload.write(chunk);
    });
    return {};
  } catch (error) {
    return { error };
  }
}

function requireGoodEnd({ code, signal, spawnError }: ProcessEnd, stderr: string, ranMs: number): void {
  if (spawnError)
    throw new HoldfastError('DumpFailed', `pg_dump did not start: ${spawnError.message}`, { cause: spawnError });
  if (code === 0 && signal === null) return;
  const how = signal === null ? `exited with code ${code ?? 'unknown'}` : `was ended by ${signal}`;
  const said = lastLines(stderr, LINES_SHOWN, MESSAGE_LENGTH_MAX);
  const message = said === '' ? `pg_dump ${how} without a word` : `pg_dump ${how}: ${said}`;
  throw new HoldfastError(codeOf(stderr, ranMs), message);
}

/**
 * By pg_dump's own words and the time, because the server's words are in the server's language: a LOCK TABLE that was
 * waited for has taken --lock-wait-timeout, and what else makes one fail comes at once.
 */
function codeOf(stderr: string, ranMs: number): ErrorCode {
  return stderr.includes('Query was: LOCK TABLE') && ranMs >= LOCK_WAIT_MS ? 'LockTimeout' : 'DumpFailed';
}

/** @returns a warning where it could not be looked at @throws DumpFailed when something is missing */
function requireWhole(walker: ArchiveWalker): string[] {
  const end = walker.end();
  if (end.status === 'broken')
    throw new HoldfastError(
      'DumpFailed',
      `pg_dump exited with code 0, but the archive is not whole: it ${end.problem}`,
    );
  if (end.status === 'whole') return [];
  return [`unknown archive version ${end.version}: it was not checked that the archive is whole`];
}
