/** One pg_dump process: its bytes go into an upload, and whether it was good is decided when everything of it has ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Dump } from '../../core/config/schema.ts';
import { HoldfastError, type ErrorCode } from '../../core/errors.ts';
import { lastLines } from '../../core/postgres/stderr.ts';
import type { Upload } from '../upload.ts';
import { clientEnvironment } from './client-environment.ts';
import type { PgDumpClient } from './clients.ts';
import { collectStderr } from './collect-stderr.ts';
import type { Server } from './server.ts';
import { libpqTlsEnvironment } from './tls.ts';

/** pg_dump tells the server to cancel when it gets SIGTERM, which takes a moment. */
const KILL_AFTER_MS = 3_000;
const LOCK_WAIT_MS = 60_000;
const CONNECT_TIMEOUT_SECONDS = 60;
/** Every archive of pg_dump begins with it. */
const ARCHIVE_MAGIC = 'PGDMP';
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
  readonly onMoved: (moved: Moved) => void;
}

/** How far an archive is, since its beginning. */
export interface Moved {
  readonly bytes: number;
  readonly blocksDone: number;
  /** Data blocks that its table of contents names; null until that has been read. */
  readonly blocksDue: number | null;
}

/**
 * Resolves only after exit code 0, without a signal, with stdout read to its end and every byte taken by the upload.
 * @returns pg_dump's warnings
 * @throws DumpFailed, TableUnreadable, LockTimeout
 */
export async function runPgDump(job: PgDumpJob): Promise<string[]> {
  job.signal.throwIfAborted();
  const password = await job.server.password();
  const child = spawn(job.client.path, pgDumpArguments(job), {
    env: clientEnvironment(connectionEnvironment(job, password)),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that nothing of it outlives the job.
    detached: true,
  });
  const ended = endOf(child);
  const stderr = collectStderr(child.stderr, [password]);
  const stop = (): void => {
    stopGroup(child);
  };
  job.signal.addEventListener('abort', stop, { once: true });
  const pumped = await pump(child.stdout, job);
  if ('error' in pumped) stop();
  const end = await ended;
  job.signal.removeEventListener('abort', stop);
  killGroup(child, 'SIGKILL');
  await stderr.ended;
  job.signal.throwIfAborted();
  if ('error' in pumped) throw pumped.error;
  requireGoodEnd(end, stderr.text());
  requireArchive(pumped);
  return stderr.warnings();
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

interface PumpedBytes {
  readonly sizeBytes: number;
  readonly start: string;
}

/** Ends when stdout has ended; an error is a value here, because the process has to be waited for first. */
async function pump(
  stdout: Readable,
  { upload, onMoved }: PgDumpJob,
): Promise<PumpedBytes | { readonly error: unknown }> {
  let sizeBytes = 0;
  let start = '';
  try {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      if (start.length < ARCHIVE_MAGIC.length)
        start += chunk.toString('latin1', 0, ARCHIVE_MAGIC.length - start.length);
      sizeBytes += chunk.length;
      onMoved({ bytes: sizeBytes, blocksDone: 0, blocksDue: null });
      await upload.write(chunk);
    }
    return { sizeBytes, start };
  } catch (error) {
    return { error };
  }
}

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started. */
  readonly spawnError?: Error;
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('error', (spawnError) => {
      resolve({ code: null, signal: null, spawnError });
    });
    child.once('exit', (code, signal) => {
      // A descendant that holds stdout open would keep the job waiting for ever.
      setTimeout(() => {
        killGroup(child, 'SIGKILL');
      }, KILL_AFTER_MS).unref();
      resolve({ code, signal });
    });
  });
}

function requireGoodEnd({ code, signal, spawnError }: ProcessEnd, stderr: string): void {
  if (spawnError)
    throw new HoldfastError('DumpFailed', `pg_dump did not start: ${spawnError.message}`, { cause: spawnError });
  if (code === 0 && signal === null) return;
  const how = signal === null ? `exited with code ${code ?? 'unknown'}` : `was ended by ${signal}`;
  const said = lastLines(stderr, LINES_SHOWN, MESSAGE_LENGTH_MAX);
  throw new HoldfastError(codeOf(stderr), said === '' ? `pg_dump ${how} without a word` : `pg_dump ${how}: ${said}`);
}

function codeOf(stderr: string): ErrorCode {
  if (stderr.includes('canceling statement due to lock timeout')) return 'LockTimeout';
  if (/permission denied for|would be affected by row-level security/.test(stderr)) return 'TableUnreadable';
  return 'DumpFailed';
}

function requireArchive({ sizeBytes, start }: PumpedBytes): void {
  if (start === ARCHIVE_MAGIC) return;
  throw new HoldfastError('DumpFailed', `pg_dump exited with code 0 but its ${sizeBytes} bytes are no archive`);
}

function stopGroup(child: ChildProcess): void {
  killGroup(child, 'SIGTERM');
  setTimeout(() => {
    killGroup(child, 'SIGKILL');
  }, KILL_AFTER_MS).unref();
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}
