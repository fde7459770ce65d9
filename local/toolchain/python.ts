import path from 'node:path';
import { runCommand } from '../run-command.ts';
import { installOnce } from './install-once.ts';

const PIP = ['-m', 'pip', '--quiet', '--disable-pip-version-check', '--no-input'];

/** The emulator and what it needs, into a folder that PYTHONPATH can name. */
export function installPythonPackages(directory: string, requirements: string): Promise<boolean> {
  return installOnce(directory, async (temporary) => {
    await pipInstall(temporary, ['--requirement', requirements]);
  });
}

/** `pip install --target`: no virtual environment, nothing outside the folder. pip's output is shown only when it fails. */
export async function pipInstall(target: string, args: readonly string[]): Promise<void> {
  await runCommand('python3', [...PIP, 'install', '--no-warn-script-location', '--target', target, ...args], {
    // A user's own pip settings such as `user = true` would contradict --target.
    env: { ...process.env, PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore' },
    cwd: path.dirname(target),
  });
}
