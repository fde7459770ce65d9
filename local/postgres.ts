/**
 * Throwaway PostgreSQL servers of any major for the demo and the tests: on 127.0.0.1, with password authentication
 * throughout, started as an unprivileged user where the caller is root, gone without a trace after `stop`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../core/errors.ts';
import { freePort } from './free-port.ts';
import { makeServerCertificate } from './postgres-tls.ts';
import { runCommand } from './run-command.ts';
import { installPostgresMajor, locateToolchain } from './toolchain.ts';
import type { PostgresMajor } from './toolchain/postgres.ts';
import { unprivilegedUser, type UserIds } from './unprivileged-user.ts';

export interface PostgresOptions {
  readonly major: PostgresMajor;
  /** Of the superuser; one line. */
  readonly password: string;
  /** The superuser's name; default `postgres`. */
  readonly user?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** A folder to be made for the data, removed by `stop`; default: one in the system's temporary folder. */
  readonly dir?: string;
  /** Added to postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Further arguments of initdb, such as `--locale-provider=builtin`. */
  readonly initdbArgs?: readonly string[];
  /** Serve TLS with a certificate for `localhost` and 127.0.0.1 whose authority is in `caFile`. */
  readonly tls?: boolean;
  /** Be a hot standby of this server, with its users and passwords. */
  readonly standbyOf?: Pick<PostgresServer, 'host' | 'port' | 'user' | 'password'>;
}

export interface PostgresServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly major: PostgresMajor;
  /** Folder with the programs of this major: psql, pg_restore, …; they need no environment. */
  readonly pgBin: string;
  /** Process id of the postmaster: another one after `restart`. */
  readonly pid: number;
  readonly logFile: string;
  /** The certificate to trust; only with `tls`. */
  readonly caFile?: string;
  /** Ends all sessions as a fast shutdown does, and returns when it takes connections again; also after a crash. */
  restart(): Promise<void>;
  /** Ends all sessions, waits for the server's end and removes its data. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const START_ATTEMPTS = 3;

/**
 * Starts a new, empty server and waits until it takes connections. Installs that major first where it is missing.
 * @throws UnexpectedError with the server's log when it does not start
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const toolchain = await locateToolchain();
  await installPostgresMajor(toolchain, options.major);
  const pgBin = path.join(toolchain.pgRoot, String(options.major), 'bin');
  const ids = await unprivilegedUser();
  const directory = await makeDirectory(options.dir, ids);
  try {
    const files = await initialise(directory, pgBin, options, ids);
    const started = await startOnPort(directory, pgBin, options.port, ids);
    const { port } = started;
    let { child } = started;
    return {
      host: '127.0.0.1',
      port,
      user: options.user ?? 'postgres',
      password: options.password,
      major: options.major,
      pgBin,
      get pid() {
        return pidOf(child);
      },
      logFile: logFileOf(directory),
      ...files,
      restart: async () => {
        await stopServer(child);
        child = await startServer(directory, pgBin, port, ids);
      },
      stop: async () => {
        await stopServer(child);
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

const dataOf = (directory: string): string => path.join(directory, 'data');
const logFileOf = (directory: string): string => path.join(directory, 'postgres.log');

async function makeDirectory(wanted: string | undefined, ids: UserIds | undefined): Promise<string> {
  let directory = wanted;
  if (directory === undefined) directory = await mkdtemp(path.join(tmpdir(), 'holdfast-postgres-'));
  else await mkdir(directory);
  if (ids) await chown(directory, ids.uid, ids.gid);
  return directory;
}

/** Makes the cluster and its settings. @returns the certificate to trust, where TLS was asked for */
async function initialise(
  directory: string,
  pgBin: string,
  options: PostgresOptions,
  ids: UserIds | undefined,
): Promise<{ caFile?: string }> {
  const data = dataOf(directory);
  if (options.standbyOf === undefined) await createCluster(directory, pgBin, options, ids);
  else await copyCluster(data, pgBin, options.standbyOf, ids);
  const certificate = options.tls === true ? await makeServerCertificate(directory, ids) : undefined;
  await appendFile(path.join(data, 'postgresql.conf'), settingsFile({ ...certificate?.settings, ...options.settings }));
  return certificate ? { caFile: certificate.caFile } : {};
}

async function createCluster(
  directory: string,
  pgBin: string,
  options: PostgresOptions,
  ids: UserIds | undefined,
): Promise<void> {
  // A file and not an argument: everybody on the machine can read the arguments of a process.
  const passwordFile = path.join(directory, 'password');
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (ids) await chown(passwordFile, ids.uid, ids.gid);
  const superuser = `--username=${options.user ?? 'postgres'}`;
  const authentication = ['--auth-local=scram-sha-256', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`];
  const locale = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  await runCommand(
    path.join(pgBin, 'initdb'),
    [...authentication, superuser, ...locale, ...(options.initdbArgs ?? []), dataOf(directory)],
    { ...ids, cwd: directory, env: serverEnvironment() },
  );
  await rm(passwordFile);
}

/** With what makes it follow the server that it was copied from. */
async function copyCluster(
  data: string,
  pgBin: string,
  primary: NonNullable<PostgresOptions['standbyOf']>,
  ids: UserIds | undefined,
): Promise<void> {
  const { host, port, user, password } = primary;
  await runCommand(
    path.join(pgBin, 'pg_basebackup'),
    ['--write-recovery-conf', '--checkpoint=fast', '--no-sync', '--no-password', `--pgdata=${data}`],
    {
      ...ids,
      cwd: path.dirname(data),
      env: { ...serverEnvironment(), PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password },
    },
  );
}

function settingsFile(settings: Readonly<Record<string, string | number>>): string {
  const all: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    // TCP only: socket paths have a limit of 107 bytes that temporary folders may exceed.
    unix_socket_directories: '',
    // Nothing here outlives a crash of the machine.
    fsync: 'off',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`);
  return `\n${lines.join('\n')}\n`;
}

/** libpq's variables of the caller (PGDATA, PGPORT, …) are not meant for this server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

interface RunningServer {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startOnPort(
  directory: string,
  pgBin: string,
  wanted: number | undefined,
  ids: UserIds | undefined,
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    try {
      return { child: await startServer(directory, pgBin, port, ids), port };
    } catch (error) {
      // A free port may be taken by somebody else before Postgres binds it.
      const log = await readFile(logFileOf(directory), 'utf8').catch(() => '');
      const taken = log.includes('Address already in use');
      if (wanted !== undefined || !taken || attempt === START_ATTEMPTS) {
        throw new HoldfastError('UnexpectedError', `PostgreSQL did not start on port ${port}: ${log.trim()}`, {
          cause: error,
        });
      }
    }
  }
}

async function startServer(
  directory: string,
  pgBin: string,
  port: number,
  ids: UserIds | undefined,
): Promise<ChildProcess> {
  const log = await open(logFileOf(directory), 'w');
  const child = spawn(path.join(pgBin, 'postgres'), ['-D', dataOf(directory), '-p', String(port)], {
    ...ids,
    cwd: directory,
    env: serverEnvironment(),
    stdio: ['ignore', log.fd, log.fd],
  });
  // An error to spawn shows as a missing process id below.
  child.on('error', () => undefined);
  await log.close();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady(directory, child.pid))) {
    if (child.pid === undefined || hasEnded(child)) throw new Error('the process ended');
    if (Date.now() > deadline) {
      await stopServer(child);
      throw new Error(`not ready after ${START_TIMEOUT_MS} ms`);
    }
    await sleep(10);
  }
  return child;
}

/** The postmaster writes its id and its state into this file, which a crash may leave behind; pg_ctl looks there too. */
async function isReady(directory: string, pid: number | undefined): Promise<boolean> {
  const lines = await readFile(path.join(dataOf(directory), 'postmaster.pid'), 'utf8').catch(() => '');
  const [id, , , , , , , state] = lines.split('\n');
  return id === String(pid) && state?.trim() === 'ready';
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new TypeError('a running server has a process id');
  return child.pid;
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Fast shutdown first, then without cleaning up; returns when the process is gone. */
async function stopServer(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
