/** Processor time of a Postgres server: of the postmaster, of its children, and of those that have ended. */
import { readdir, readFile } from 'node:fs/promises';

/** The kernel counts in these towards user space, whatever it uses itself: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly parent: number;
  readonly ticks: number;
  /** Of its children that have ended and were waited for. */
  readonly endedTicks: number;
}

/** @returns seconds since the server's start */
export async function serverCpuSeconds(postmaster: number): Promise<number> {
  for (;;) {
    const own = await runningStat(postmaster);
    let ticks = own.ticks + own.endedTicks;
    for (const name of await readdir('/proc')) {
      const stat = /^\d+$/.test(name) ? await statOf(Number(name)) : undefined;
      if (stat?.parent === postmaster) ticks += stat.ticks;
    }
    // A child that was ending meanwhile is perhaps in neither figure.
    const after = await runningStat(postmaster);
    if (after.endedTicks === own.endedTicks) return ticks / TICKS_PER_SECOND;
  }
}

async function runningStat(postmaster: number): Promise<ProcessStat> {
  const stat = await statOf(postmaster);
  if (!stat) throw new TypeError('the server runs while it is measured');
  return stat;
}

/** Undefined for a process that has ended meanwhile. */
async function statOf(pid: number): Promise<ProcessStat | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, which may hold anything; the third is the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return { parent: field(4), ticks: field(14) + field(15), endedTicks: field(16) + field(17) };
}
