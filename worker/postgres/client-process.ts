/** Client programs of PostgreSQL as processes: each leads a group of its own, so that nothing of it outlives its job. */
import type { ChildProcess } from 'node:child_process';

/** A client tells the server to cancel when it gets SIGTERM, which takes a moment. */
const KILL_AFTER_MS = 2_000;

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started. */
  readonly spawnError?: Error;
}

/** @param child spawned with `detached: true` */
export function endOf(child: ChildProcess): Promise<ProcessEnd> {
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

/** Asks first, and kills soon after. */
export function stopGroup(child: ChildProcess): void {
  killGroup(child, 'SIGTERM');
  setTimeout(() => {
    killGroup(child, 'SIGKILL');
  }, KILL_AFTER_MS).unref();
}

export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}
