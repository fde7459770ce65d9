import { chmod, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../run-command.ts';
import { hasCode } from '../error-code.ts';

/**
 * Makes `directory` by `build` unless it is there. It appears complete or not at all: `build` fills a folder beside it,
 * which is then renamed. Of two installers at once, the first to rename wins and the other drops its copy.
 * @returns whether this call made it
 */
export async function installOnce(directory: string, build: (temporary: string) => Promise<void>): Promise<boolean> {
  if (await exists(directory)) return false;
  const parent = path.dirname(directory);
  await makeReadableDirectory(parent);
  const temporary = await mkdtemp(path.join(parent, `.${path.basename(directory)}-`));
  try {
    await build(temporary);
    await runCommand('chmod', ['-R', 'a+rX', temporary]);
    await rename(temporary, directory);
    return true;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const taken = hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST');
    if (taken && (await exists(directory))) return false;
    throw error;
  }
}

/** Whatever umask the caller has: the user that Postgres runs as must be able to read what is made here. */
async function makeReadableDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true });
  if (firstMade === undefined) return;
  for (let made = directory; made.length >= firstMade.length; made = path.dirname(made)) await chmod(made, 0o755);
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
