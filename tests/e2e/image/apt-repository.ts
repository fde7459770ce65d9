/**
 * A stand-in for PostgreSQL's apt repository, which cannot be reached everywhere: its suite with nothing in it, signed
 * with a key that is made for it. What the image installs is then Debian's own.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from '../../../local/run-command.ts';

const FOLDER = 'srv/pgdg';

/** For PGDG_URL. */
export const REPOSITORY_URL = `file:/${FOLDER}`;

/** Where Debian's package has the repository's key, and the Dockerfile looks for it. */
const KEY = 'usr/share/postgresql-common/pgdg/apt.postgresql.org.asc';

/** Puts repository and key into the root folder of an image. Needs gpg. */
export async function addRepository(root: string, codename: string): Promise<void> {
  const suite = path.join(root, FOLDER, 'dists', `${codename}-pgdg`);
  const arch = (await runCommand('dpkg', ['--print-architecture'])).trim();
  const packages = `main/binary-${arch}/Packages`;
  await mkdir(path.dirname(path.join(suite, packages)), { recursive: true });
  await writeFile(path.join(suite, packages), '');
  const release = [
    `Codename: ${codename}-pgdg`,
    `Architectures: ${arch}`,
    'Components: main',
    `Date: ${new Date().toUTCString()}`,
    'SHA256:',
    ` ${createHash('sha256').digest('hex')} 0 ${packages}`,
  ];
  await mkdir(path.dirname(path.join(root, KEY)), { recursive: true });
  await sign(`${release.join('\n')}\n`, path.join(suite, 'InRelease'), path.join(root, KEY));
}

/** With a key that is gone afterwards. */
async function sign(text: string, signedFile: string, keyFile: string): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'hf-gpg-'));
  const gpg = (...args: readonly string[]): Promise<string> =>
    runCommand('gpg', ['--homedir', home, '--batch', '--yes', ...args], { input: text });
  try {
    await gpg('--passphrase', '', '--quick-generate-key', 'holdfast-test', 'rsa3072', 'sign', 'never');
    await gpg('--armor', '--output', keyFile, '--export');
    await gpg('--output', signedFile, '--clearsign', '-');
  } finally {
    await runCommand('gpgconf', ['--homedir', home, '--kill', 'all']);
    await rm(home, { recursive: true, force: true });
  }
}
