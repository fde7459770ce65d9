/** What a run could leave behind, looked for where it would be. Every source has at most one run that does anything. */
import { readdir, readFile } from 'node:fs/promises';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { activeRun } from './machine-run.ts';
import type { MachineWorld } from './machine-world.ts';
import type { ServerLogin } from './stack.ts';
import { query } from './worker-leftovers.ts';

export interface Leftovers {
  /** Keys of open uploads of the source. */
  readonly uploads: readonly string[];
  /** Keys of everything that is visible of the source, below its run. */
  readonly objects: readonly string[];
  /** Command lines of workers and of their clients. */
  readonly processes: readonly string[];
  /** Queries of the sessions of workers and of their clients. */
  readonly sessions: readonly string[];
  /** The run that holds the source. */
  readonly active: unknown;
}

export const NOTHING: Leftovers = { uploads: [], objects: [], processes: [], sessions: [], active: undefined };

/** @param servers all that a worker of the source could be connected to */
export async function leftovers(
  world: MachineWorld,
  source: string,
  servers: readonly ServerLogin[],
): Promise<Leftovers> {
  const { clients, info } = world.stack;
  const where = { Bucket: info.bucket, Prefix: `${source}/` };
  const { Uploads = [] } = await clients.s3.send(new ListMultipartUploadsCommand(where));
  const { Versions = [] } = await clients.s3.send(new ListObjectVersionsCommand(where));
  const sessions = await Promise.all(servers.map((server) => sessionsOf(source, server)));
  return {
    uploads: Uploads.map(({ Key = '' }) => Key),
    // `<source>/<yyyy>/<mm>/<dd>/<run>/` is the run's prefix.
    objects: Versions.map(({ Key = '' }) => Key.split('/').slice(5).join('/')).sort(),
    processes: (await processesOf(source)).map(({ command }) => command),
    sessions: sessions.flat(),
    active: await activeRun(world, source),
  };
}

export interface RunningProcess {
  readonly pid: number;
  readonly command: string;
  readonly role: 'worker' | 'pg_dump';
}

/** A worker is told by its run's key, a client by the name that it shows to the server. */
export async function processesOf(source: string): Promise<RunningProcess[]> {
  const found: RunningProcess[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await procFile(pid, 'environ');
    const isWorker = environment.includes(`HOLDFAST_RUN_PK=SOURCE#${source}`);
    const isClient = environment.some((variable) => variable.startsWith(`PGAPPNAME=holdfast ${source} `));
    if (!isWorker && !isClient) continue;
    const command = (await procFile(pid, 'cmdline')).join(' ').trim();
    // One that has ended but was not waited for yet shows no command.
    if (command !== '') found.push({ pid: Number(pid), command, role: isWorker ? 'worker' : 'pg_dump' });
  }
  return found;
}

/** A process may end while it is looked at, or belong to somebody else. */
async function procFile(pid: string, name: string): Promise<string[]> {
  return (await readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')).split('\0');
}

async function sessionsOf(source: string, server: ServerLogin): Promise<string[]> {
  const rows = await query(
    server,
    'template1',
    `SELECT query FROM pg_stat_activity WHERE application_name LIKE 'holdfast ${source} %'`,
  );
  return rows.map((row) => String((row as { query: unknown }).query));
}
