/** One pg_restore process: some entries of one archive, into one database, until the first error. */
import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { HoldfastError } from '../../../core/errors.ts';
import {
  describeFailure,
  isError,
  isUnknownSetting,
  onlyUnknownSettings,
} from '../../../core/postgres/restore/pg-restore-error.ts';
import { RESTORE_OPTIONS } from '../../../core/postgres/restore-settings.ts';
import { clientEnvironment } from '../client-environment.ts';
import { endOf, killGroup, stopGroup, type ProcessEnd } from '../client-process.ts';
import { collectStderr } from '../collect-stderr.ts';
import type { Server } from '../server.ts';
import { libpqTlsEnvironment } from '../tls.ts';
import { namelessFile } from './nameless-file.ts';

const CONNECT_TIMEOUT_SECONDS = 60;

/** Where a restore goes, and with what. */
export interface RestoreTarget {
  readonly server: Server;
  readonly database: string;
  /** The pg_restore program. */
  readonly program: string;
  /** The server is older than what pg_restore says to every server: it does not know all of its first settings. */
  readonly older: boolean;
  /** Its commits need not be waited for: a later one of another session is, and they reach the disk before it. */
  readonly commitFollows: boolean;
  readonly applicationName: string;
  /** Ends every process; what waits for it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface ArchivePart {
  /** Dump ids, in the order of the archive. */
  readonly dumpIds: readonly number[];
  /** The archive's head alone, or what hands the archive over chunk by chunk and rejects when it is damaged. */
  readonly archive: Uint8Array | ((take: (chunk: Uint8Array) => Promise<void>) => Promise<void>);
  /** How many entries at once; only the head can be read at several places. */
  readonly jobs: number;
}

/**
 * Resolves when every named entry was restored without an error.
 * @throws RestoreFailed with statement and object; before it, what a damaged archive rejects with
 */
export async function runPgRestore(target: RestoreTarget, part: ArchivePart): Promise<void> {
  target.signal.throwIfAborted();
  const files = [await namelessFile(Buffer.from(part.dumpIds.map((id) => `${id};\n`).join('')))];
  try {
    if (isHead(part.archive)) files.push(await namelessFile(part.archive));
    await runOn(files, target, part);
  } finally {
    for (const file of files) await file.close();
  }
}

const isHead = (archive: ArchivePart['archive']): archive is Uint8Array => typeof archive !== 'function';

/** As descriptors of pg_restore, behind its standard ones. */
const LIST_FILE = '/dev/fd/3';
const HEAD_FILE = '/dev/fd/4';

async function runOn(
  files: readonly FileHandle[],
  target: RestoreTarget,
  { archive, jobs }: ArchivePart,
): Promise<void> {
  const password = await target.server.password();
  const child = spawn(target.program, pgRestoreArguments(target, archive, jobs), {
    env: clientEnvironment(connectionEnvironment(target, password)),
    stdio: ['pipe', 'ignore', 'pipe', ...files.map(({ fd }) => fd)],
    // A process group of its own, so that nothing of it outlives the job.
    detached: true,
  });
  const ended = endOf(child);
  const { stdin } = child;
  if (stdin === null || child.stderr === null)
    throw new HoldfastError('UnexpectedError', 'pg_restore was started without its streams');
  const stderr = collectStderr(child.stderr, [password]);
  const stop = (): void => {
    stopGroup(child);
  };
  target.signal.addEventListener('abort', stop, { once: true });
  if (target.older) stopAtError(child.stderr, stop);
  const fed = await feed(stdin, archive).catch((error: unknown) => {
    stop();
    return { error };
  });
  const end = await ended;
  target.signal.removeEventListener('abort', stop);
  killGroup(child, 'SIGKILL');
  await stderr.ended;
  target.signal.throwIfAborted();
  // A damaged archive explains what pg_restore stumbled over, and never the other way round.
  if (fed) throw fed.error;
  requireGoodEnd(end, stderr.text(), target.older);
}

/** In place of --exit-on-error, which would end it at the first setting that the server does not know. */
function stopAtError(stderr: Readable, stop: () => void): void {
  createInterface({ input: stderr, terminal: false }).on('line', (line) => {
    if (isError(line) && !isUnknownSetting(line)) stop();
  });
}

function pgRestoreArguments({ older }: RestoreTarget, archive: ArchivePart['archive'], jobs: number): string[] {
  return [
    ...(older ? [] : ['--exit-on-error']),
    '--no-password',
    '--format=custom',
    `--use-list=${LIST_FILE}`,
    // Its name is in the environment, where nothing takes it for a connection string.
    '--dbname=',
    ...(isHead(archive) ? [`--jobs=${jobs}`, HEAD_FILE] : []),
  ];
}

/** By environment, because everybody on a machine can read the arguments of a process. */
function connectionEnvironment(
  { server, database, commitFollows, applicationName }: RestoreTarget,
  password: string,
): Record<string, string> {
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGDATABASE: database,
    PGPASSWORD: password,
    PGAPPNAME: applicationName,
    PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_SECONDS),
    PGOPTIONS: commitFollows ? `${RESTORE_OPTIONS} -c synchronous_commit=off` : RESTORE_OPTIONS,
    ...libpqTlsEnvironment(server.sslMode, server.certificates),
  };
}

/** The whole archive is read, even when pg_restore has ended: whether it is damaged is known at its end only. */
async function feed(stdin: Writable, archive: ArchivePart['archive']): Promise<undefined> {
  // Ending without reading to the end is judged by its exit code.
  stdin.on('error', () => undefined);
  if (!isHead(archive)) {
    await archive(async (chunk) => {
      if (stdin.destroyed || stdin.write(chunk)) return;
      await drained(stdin);
    });
  }
  stdin.end();
  return undefined;
}

/** Also when nobody reads any more: pg_restore ends once it has what it was told to take. */
function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done);
      stdin.off('close', done);
      resolve();
    };
    stdin.on('drain', done);
    stdin.on('close', done);
  });
}

function requireGoodEnd({ code, signal, spawnError }: ProcessEnd, stderr: string, older: boolean): void {
  if (spawnError) {
    const message = `pg_restore did not start: ${spawnError.message}`;
    throw new HoldfastError('RestoreFailed', message, { cause: spawnError });
  }
  if (code === 0 && signal === null) return;
  if (code === 1 && older && onlyUnknownSettings(stderr)) return;
  const how = signal === null ? '' : `pg_restore was ended by ${signal}: `;
  const said = describeFailure(stderr);
  throw new HoldfastError(
    'RestoreFailed',
    `${how}${said === '' ? `pg_restore exited with code ${code ?? 'unknown'} without a word` : said}`,
  );
}
