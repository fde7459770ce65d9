/**
 * Processes that outlive the command that started them: detached, with no file of the caller open, and known by process
 * id and start time, so that a process id which the system has given to somebody else is never signalled.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../core/errors.ts';
import { runCommand } from './run-command.ts';
import { hasCode } from './error-code.ts';

export interface Daemon {
  readonly pid: number;
  /** As the system tells it; only to be compared. */
  readonly startTime: string;
}

interface DaemonOptions {
  /** Takes stdout and stderr, from its beginning. */
  readonly logFile: string;
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

const POLL_MS = 20;
const LOG_TAIL_CHARACTERS = 2000;

/** @throws UnexpectedError when the program cannot be run */
export async function startDaemon(command: string, args: readonly string[], options: DaemonOptions): Promise<Daemon> {
  const log = await open(options.logFile, 'w');
  try {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn').catch((cause: unknown) => {
      throw new HoldfastError('UnexpectedError', `${command} could not be run`, { cause });
    });
    child.unref();
    const pid = child.pid ?? 0;
    return { pid, startTime: (await startTimeOf(pid)) ?? 'ended at once' };
  } finally {
    await log.close();
  }
}

/**
 * Polls until the daemon is ready, and alive: what looks ready may be somebody else's.
 * @throws UnexpectedError with the end of its log when it ends first or is not ready in time
 */
export async function waitUntilReady(
  name: string,
  daemon: Daemon,
  logFile: string,
  isReady: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const ready = await isReady();
    const alive = await isRunning(daemon);
    if (ready && alive) return;
    if (!alive || Date.now() > deadline) {
      if (alive) await stopDaemon(daemon);
      const what = alive ? `was not ready after ${timeoutMs} ms` : 'ended while starting';
      throw new HoldfastError('UnexpectedError', `the ${name} ${what}: ${await tailOf(logFile)}`);
    }
    await sleep(POLL_MS);
  }
}

export async function isRunning(daemon: Daemon): Promise<boolean> {
  return (await startTimeOf(daemon.pid)) === daemon.startTime;
}

/** SIGTERM, and after `graceMs` SIGKILL, to the daemon; then to what is left of its process group. Returns when it is gone. */
export async function stopDaemon(daemon: Daemon, graceMs = 5000): Promise<void> {
  if (!(await isRunning(daemon))) return;
  signal(daemon.pid, 'SIGTERM');
  for (const deadline = Date.now() + graceMs; (await isRunning(daemon)) && Date.now() < deadline;) await sleep(POLL_MS);
  // Its children, such as the processes of Lambda functions, are in its group and go with it.
  signal(-daemon.pid, 'SIGKILL');
  while (await isRunning(daemon)) await sleep(POLL_MS);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** Undefined for a process that does not exist or has ended. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux')
    return runCommand('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the program's name in parentheses, which may hold anything; the third is the state.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = fields?.[0] === 'Z' || fields?.[0] === 'X';
  return ended ? undefined : fields?.[19];
}

async function tailOf(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).trim().slice(-LOG_TAIL_CHARACTERS);
}
