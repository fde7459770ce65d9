import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from './toolchain/cache-directory.ts';
import { exists } from './toolchain/install-once.ts';
import { installPostgres, POSTGRES_MAJORS, POSTGRES_VERSIONS, type PostgresMajor } from './toolchain/postgres.ts';
import { installPythonPackages } from './toolchain/python.ts';

/** Raise when what is installed changes in another way than by its versions. */
const LAYOUT = 1;
const REQUIREMENTS = path.join(import.meta.dirname, 'emulator', 'requirements.txt');

export interface Toolchain {
  /** Folder for PYTHONPATH with the emulator in it. */
  readonly pythonPackages: string;
  /** `<pgRoot>/<major>/bin/pg_dump`: what the worker takes as HOLDFAST_PG_ROOT. */
  readonly pgRoot: string;
}

/** Where the tools of this version of the checkout are, installed or not. */
export async function locateToolchain(): Promise<Toolchain> {
  const contents = JSON.stringify([LAYOUT, await readFile(REQUIREMENTS, 'utf8'), POSTGRES_VERSIONS]);
  const id = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const root = path.join(cacheDirectory(), id);
  return { pythonPackages: path.join(root, 'python'), pgRoot: path.join(root, 'postgres') };
}

/**
 * Installs what is missing: the emulator's Python packages and PostgreSQL, server and clients of each major.
 * @param say told once when there is something to download
 */
export async function installToolchain(say: (line: string) => void): Promise<Toolchain> {
  const toolchain = await locateToolchain();
  const directories = [
    toolchain.pythonPackages,
    ...POSTGRES_MAJORS.map((major) => path.join(toolchain.pgRoot, String(major))),
  ];
  const present = await Promise.all(directories.map(exists));
  if (present.every(Boolean)) return toolchain;
  say(`installing the emulator and PostgreSQL ${POSTGRES_MAJORS.join(', ')} in ${path.dirname(toolchain.pgRoot)}`);
  await Promise.all([
    installPythonPackages(toolchain.pythonPackages, REQUIREMENTS),
    ...POSTGRES_MAJORS.map((major) => installPostgresMajor(toolchain, major)),
  ]);
  return toolchain;
}

/** Installs one major unless it is there. @returns whether it had to */
export function installPostgresMajor(toolchain: Toolchain, major: PostgresMajor): Promise<boolean> {
  return installPostgres(path.join(toolchain.pgRoot, String(major)), major);
}
