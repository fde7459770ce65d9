/** What a process has started, so that it can be ended with it: a real container's processes all end with its first. */
import { readdirSync, readFileSync } from 'node:fs';
import { hasCode } from '../error-code.ts';

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** As the system tells it; only to be compared. */
  readonly startTime: string;
}

/** A process that its parent leaves behind belongs to nobody any more, so they have to be known before. */
const LOOK_EVERY_MS = 500;

export interface Descendants {
  /** Ends all that were seen and still live. */
  kill(): void;
}

/**
 * Keeps looking for the descendants of a process, in whatever process group or session they are. Only Linux tells;
 * elsewhere none are found.
 */
export function watchDescendants(root: number): Descendants {
  const seen = new Map<number, Process>();
  const look = (): void => {
    for (const one of descendantsOf(root)) seen.set(one.pid, one);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    kill: () => {
      clearInterval(timer);
      look();
      for (const { pid, startTime } of seen.values()) {
        // A process id may be somebody else's by now.
        if (readProcess(pid)?.startTime === startTime) kill(pid);
      }
    },
  };
}

function descendantsOf(root: number): Process[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const all = pids.flatMap((name) => readProcess(Number(name)) ?? []);
  const found: Process[] = [];
  for (let parents = new Set([root]); parents.size > 0;) {
    const children = all.filter(({ parent }) => parents.has(parent));
    found.push(...children);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

/** Undefined for a process that does not exist. */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may hold anything; then come state and parent.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), startTime: fields[19] ?? '' };
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
