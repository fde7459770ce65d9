/** What a worker could leave behind, looked for where it would be. */
import { readFile, readdir } from 'node:fs/promises';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import type { TestRun, TestServer } from './worker-run.ts';
import { BUCKET, type WorkerWorld } from './worker-world.ts';

export interface Leftovers {
  /** Keys of open uploads of the run. */
  readonly uploads: readonly string[];
  /** Keys of everything visible of the run. */
  readonly objects: readonly string[];
  /** Command lines of processes that talk to the server. */
  readonly processes: readonly string[];
  /** Queries of sessions of workers on the server. */
  readonly sessions: readonly string[];
}

export const NOTHING: Leftovers = { uploads: [], objects: [], processes: [], sessions: [] };

/** @param server undefined: there was none, so nothing can be left on it */
export async function leftovers(world: WorkerWorld, run: TestRun, server: TestServer | undefined): Promise<Leftovers> {
  const Prefix = `${run.source}/`;
  const { Uploads } = await world.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix }));
  const { Versions } = await world.s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix }));
  return {
    uploads: (Uploads ?? []).map(({ Key }) => Key ?? ''),
    objects: (Versions ?? []).map(({ Key }) => Key ?? ''),
    processes: server ? await clientProcesses(server.port) : [],
    sessions: server ? await workerSessions(server) : [],
  };
}

/** Client programs are told by the port in their environment. */
export async function clientProcessIds(port: number): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if ((await procFile(pid, 'environ')).includes(`PGPORT=${port}`)) found.push(Number(pid));
  }
  return found;
}

async function clientProcesses(port: number): Promise<string[]> {
  const commands = (await clientProcessIds(port)).map(async (pid) =>
    (await procFile(String(pid), 'cmdline')).join(' '),
  );
  return Promise.all(commands);
}

/** A process may end while it is looked at, or belong to somebody else. */
async function procFile(pid: string, name: string): Promise<string[]> {
  return (await readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')).split('\0');
}

async function workerSessions(server: TestServer): Promise<string[]> {
  const rows = await query(
    server,
    'postgres',
    "SELECT query FROM pg_stat_activity WHERE application_name LIKE 'holdfast%' OR application_name = 'pg_dump'",
  );
  return rows.map((row) => String(row['query']));
}

export async function createDatabase(server: TestServer, name: string, sql: string): Promise<void> {
  await query(server, 'postgres', `CREATE DATABASE ${name}`);
  await query(server, name, sql);
}

/** Rows of one statement, or of none where several are given, in a session of their own. */
export async function query(server: TestServer, database: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ ...server, database });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
