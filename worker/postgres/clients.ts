/** The pg_dump programs in the image: `<root>/<major>/bin/pg_dump`, as Debian's packages lay them out. */
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { HoldfastError } from '../../core/errors.ts';
import { chooseClient } from '../../core/postgres/client-choice.ts';
import { clientEnvironment } from './client-environment.ts';

const VERSION_TIMEOUT_MS = 30_000;

export interface PgDumpClient {
  readonly path: string;
  /** Such as "pg_dump 17.11". */
  readonly name: string;
}

/** @throws ServerTooNew when every client is older than the server */
export async function findClient(root: string, serverMajor: number, serverVersion: string): Promise<PgDumpClient> {
  const major = chooseClient(await installedMajors(root), serverMajor, serverVersion);
  const program = programOf(root, major);
  return { path: program, name: await nameOf(program) };
}

const programOf = (root: string, major: number): string => path.join(root, String(major), 'bin', 'pg_dump');

async function installedMajors(root: string): Promise<number[]> {
  const majors: number[] = [];
  for (const entry of await readdir(root).catch(() => [])) {
    if (/^\d+$/.test(entry) && (await isExecutable(programOf(root, Number(entry))))) majors.push(Number(entry));
  }
  return majors;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false; // a folder without this program is not a client
  }
}

/** `pg_dump (PostgreSQL) 17.11 (Debian 17.11-1.pgdg12+1)` → `pg_dump 17.11` */
async function nameOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['--version'], {
    env: clientEnvironment(),
    timeout: VERSION_TIMEOUT_MS,
  });
  const version = /\(PostgreSQL\) (\S+)/.exec(stdout)?.[1];
  if (version !== undefined) return `pg_dump ${version}`;
  throw new HoldfastError('UnexpectedError', `${program} --version said ${JSON.stringify(stdout.slice(0, 100))}`);
}
