/** A PostgreSQL server that lives as long as one restore test, inside the worker's own container. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, appendFile, chown, constants, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HoldfastError } from '../../../core/errors.ts';
import { clientEnvironment } from '../client-environment.ts';
import type { Server } from '../server.ts';
import { openSession } from '../session.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** Of the socket's name; nothing listens on the network. */
const PORT = 5432;
/** For sessions that have no database of a dump to go to. */
const MAINTENANCE_DATABASE = 'template1';
/** PostgreSQL refuses to run as root: this is nobody. */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 };
const MEBIBYTE = 1024 ** 2;

export interface ThrowawayServer {
  readonly server: Server;
  /** Ends all sessions, and removes every byte of it. */
  stop(): Promise<void>;
}

/**
 * @param pgRoot `<pgRoot>/<major>/bin/{initdb,postgres}`
 * @throws Untestable when the image has no server of that major, UnexpectedError with its log when it does not start
 */
export async function startThrowawayServer(pgRoot: string, major: number): Promise<ThrowawayServer> {
  const bin = path.join(pgRoot, String(major), 'bin');
  for (const program of ['initdb', 'postgres']) await requireProgram(path.join(bin, program), major);
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-server-'));
  const user = `holdfast_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(24).toString('base64url');
  const ids = process.getuid?.() === 0 ? UNPRIVILEGED : undefined;
  try {
    if (ids) await chown(directory, ids.uid, ids.gid);
    await initialise(directory, bin, { user, password, ids });
    const child = await start(directory, bin, ids);
    const server: Server = {
      host: directory,
      port: PORT,
      user,
      database: MAINTENANCE_DATABASE,
      sslMode: 'disable',
      certificates: { file: '', pem: '', dispose: () => undefined },
      password: () => Promise.resolve(password),
    };
    await dropPostgres(server).catch(async (error: unknown) => {
      await stop(child);
      throw error;
    });
    return {
      server,
      stop: async () => {
        await stop(child);
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function requireProgram(program: string, major: number): Promise<void> {
  try {
    await access(program, constants.X_OK);
  } catch (cause) {
    const message = `the worker image has no server of PostgreSQL ${major}: build it with POSTGRES_SERVERS="${major}"`;
    throw new HoldfastError('Untestable', message, { cause });
  }
}

interface Superuser {
  readonly user: string;
  readonly password: string;
  /** Undefined: of this process. */
  readonly ids: typeof UNPRIVILEGED | undefined;
}

const dataOf = (directory: string): string => path.join(directory, 'data');
const logOf = (directory: string): string => path.join(directory, 'log');

async function initialise(directory: string, bin: string, { user, password, ids }: Superuser): Promise<void> {
  const passwordFile = path.join(directory, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (ids) await chown(passwordFile, ids.uid, ids.gid);
  const cluster = ['--encoding=UTF8', '--locale=C', '--no-sync', `--pgdata=${dataOf(directory)}`];
  const login = [`--username=${user}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(path.join(bin, 'initdb'), [...cluster, ...login], {
      ...ids,
      cwd: directory,
      env: clientEnvironment(),
    });
  } catch (cause) {
    throw new HoldfastError('UnexpectedError', 'initdb failed', { cause });
  }
  await rm(passwordFile);
  await appendFile(path.join(dataOf(directory), 'postgresql.conf'), settingsFile(directory));
}

/** For one load as fast as it can be: after a crash there is nothing to keep. */
function settingsFile(directory: string): string {
  const memoryMiB = Math.floor(totalmem() / MEBIBYTE);
  const settings: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: directory,
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_wal_size: '4GB',
    checkpoint_timeout: '1h',
    autovacuum: 'off',
    shared_buffers: `${Math.min(1024, Math.max(64, Math.floor(memoryMiB / 8)))}MB`,
    maintenance_work_mem: `${Math.min(1024, Math.max(64, Math.floor(memoryMiB / 16)))}MB`,
    max_parallel_maintenance_workers: availableParallelism(),
    // Containers of Fargate have 64 MB of shared memory, which one index would fill.
    dynamic_shared_memory_type: 'mmap',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
}

async function start(directory: string, bin: string, ids: Superuser['ids']): Promise<ChildProcess> {
  const log = await open(logOf(directory), 'w');
  const child = spawn(path.join(bin, 'postgres'), ['-D', dataOf(directory), '-p', String(PORT)], {
    ...ids,
    cwd: directory,
    env: clientEnvironment(),
    stdio: ['ignore', log.fd, log.fd],
  });
  // An error to spawn shows as a missing process id below.
  child.on('error', () => undefined);
  await log.close();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady(directory))) {
    if (child.pid === undefined || hasEnded(child) || Date.now() > deadline) {
      await stop(child);
      const said = await readFile(logOf(directory), 'utf8');
      throw new HoldfastError('UnexpectedError', `the throwaway server did not start: ${said.trim().slice(-1000)}`);
    }
    await sleep(20);
  }
  return child;
}

/** The postmaster writes its state into the last line of this file; pg_ctl looks there too. */
async function isReady(directory: string): Promise<boolean> {
  const lines = await readFile(path.join(dataOf(directory), 'postmaster.pid'), 'utf8').catch(() => '');
  return lines.split('\n')[7]?.trim() === 'ready';
}

/** A source may have one of that name, with another encoding, to be made as any other. */
async function dropPostgres(server: Server): Promise<void> {
  const session = await openSession(server, { database: MAINTENANCE_DATABASE, applicationName: 'holdfast' });
  try {
    await session.run('DROP DATABASE postgres');
  } finally {
    await session.close();
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Fast shutdown first, then at once; returns when the process is gone. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
