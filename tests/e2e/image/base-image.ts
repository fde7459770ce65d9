/**
 * A base for the worker's image where neither Docker's registry nor PostgreSQL's repository can be reached: Debian from
 * its own mirror, Node from npm and PostgreSQL's clients from PyPI, all three at the versions that the checkout pins.
 * Servers, locales and extensions are installed into the image that is built on it, as everywhere, but from Debian.
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runEngine } from '../../../local/docker-engine.ts';
import { runCommand } from '../../../local/run-command.ts';
import { installPostgresMajor, locateToolchain } from '../../../local/toolchain.ts';
import type { PostgresMajor } from '../../../local/toolchain/postgres.ts';
import { addRepository } from './apt-repository.ts';

export const LOCAL_BASE_IMAGE = 'docker.io/library/holdfast-base:local';

const DEBIAN = 'bookworm';
const MAJORS = [16, 17, 18] as const satisfies readonly PostgresMajor[];
const PROGRAMS = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];

/** What the clients are linked with, as PostgreSQL's own packages would ask for it. */
const LIBRARIES = ['ca-certificates', 'libgssapi-krb5-2', 'liblz4-1', 'libreadline8', 'libssl3', 'libzstd1'];

/** What a container never reads. */
const UNUSED = ['var/cache/apt/archives', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];

/** Makes LOCAL_BASE_IMAGE in an engine. Needs root, debootstrap and gpg; takes half a minute and 500 MB of disk. */
export async function makeBaseImage(host: string): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-base-'));
  try {
    const root = path.join(directory, 'root');
    await nicely(['debootstrap', '--variant=minbase', `--include=${LIBRARIES.join(',')}`, DEBIAN, root]);
    for (const folder of UNUSED) await rm(path.join(root, folder), { recursive: true, force: true });
    await copyFile(process.execPath, path.join(root, 'usr/local/bin/node'));
    for (const major of MAJORS) await copyClients(root, major);
    await addRepository(root, DEBIAN);
    const archive = path.join(directory, 'root.tar');
    await nicely(['tar', '--create', '--file', archive, '--numeric-owner', '--directory', root, '.']);
    await runEngine(host, ['import', archive, LOCAL_BASE_IMAGE]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Laid out as Debian's packages are; a program finds its own libpq beside its folder. */
async function copyClients(root: string, major: PostgresMajor): Promise<void> {
  const toolchain = await locateToolchain();
  await installPostgresMajor(toolchain, major);
  const from = path.join(toolchain.pgRoot, String(major), 'dist');
  const to = path.join(root, 'usr/lib/postgresql', String(major));
  await mkdir(path.join(to, 'bin'), { recursive: true });
  await mkdir(path.join(to, 'lib'));
  for (const program of PROGRAMS) await copyFile(path.join(from, 'bin', program), path.join(to, 'bin', program));
  await copyFile(path.join(from, 'lib/libpq.so.5'), path.join(to, 'lib/libpq.so.5'));
}

/** The machine may have other work. */
async function nicely(command: readonly string[]): Promise<void> {
  await runCommand('nice', ['-n', '10', ...command]);
}
