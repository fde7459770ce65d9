/** The programs of others that are measured: installed where they are missing, without root. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../../../local/run-command.ts';
import { cacheDirectory } from '../../../local/toolchain/cache-directory.ts';
import { installOnce } from '../../../local/toolchain/install-once.ts';
import { installPythonPackages } from '../../../local/toolchain/python.ts';

const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');

export interface Rivals {
  /** Folder for PYTHONPATH; its folder `bin` has `aws`. */
  readonly awsCli: string;
  /** Such as "aws-cli/1.46.2 …". */
  readonly awsCliVersion: string;
  /** Folder with pigz; null where there is none and none could be installed. */
  readonly pigz: string | null;
  readonly pigzVersion: string | null;
}

export async function installRivals(): Promise<Rivals> {
  const version = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12);
  const awsCli = path.join(cacheDirectory(), `aws-cli-${version}`);
  await installPythonPackages(awsCli, REQUIREMENTS);
  const env = { ...process.env, PYTHONPATH: awsCli };
  const said = await runCommand(path.join(awsCli, 'bin', 'aws'), ['--version'], { env });
  const pigz = await findPigz();
  return {
    awsCli,
    awsCliVersion: said.split(' ')[0] ?? said,
    pigz: pigz?.folder ?? null,
    pigzVersion: pigz?.version ?? null,
  };
}

interface Pigz {
  readonly folder: string;
  readonly version: string;
}

async function findPigz(): Promise<Pigz | null> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  for (const folder of folders) {
    const version = await pigzVersion(folder);
    if (version !== null) return { folder, version };
  }
  return pigzFromDebian();
}

/** Where apt is, anybody may download a package and unpack it. Null where that does not work, for whatever reason. */
async function pigzFromDebian(): Promise<Pigz | null> {
  const directory = path.join(cacheDirectory(), 'pigz');
  try {
    await installOnce(directory, async (temporary) => {
      await runCommand('apt-get', ['download', 'pigz'], { cwd: temporary });
      const archive = (await readdir(temporary)).find((name) => name.endsWith('.deb')) ?? '';
      await runCommand('dpkg-deb', ['--extract', path.join(temporary, archive), temporary]);
    });
  } catch {
    return null; // the table says that it was left out
  }
  const folder = path.join(directory, 'usr', 'bin');
  const version = await pigzVersion(folder);
  return version === null ? null : { folder, version };
}

/** Null where the folder has no pigz that runs. */
async function pigzVersion(folder: string): Promise<string | null> {
  try {
    return (await runCommand(path.join(folder, 'pigz'), ['--version'])).trim();
  } catch {
    return null; // not there
  }
}
