/** cfn-lint, AWS's own linter of templates: a Python program, installed beside the emulator. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../local/run-command.ts';
import { cacheDirectory } from '../../local/toolchain/cache-directory.ts';
import { installPythonPackages } from '../../local/toolchain/python.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

export interface Finding {
  readonly Level: 'Error' | 'Warning' | 'Informational';
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** Everything that cfn-lint says of a template. The first call on a machine installs it. */
export async function lintTemplate(file: string): Promise<readonly Finding[]> {
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const packages = join(cacheDirectory(), `cfn-lint-${version}`);
  await installPythonPackages(packages, REQUIREMENTS);
  const program = join(packages, 'bin', 'cfn-lint');
  const options = ['--format', 'json', '--non-zero-exit-code', 'none', '--template', file];
  const output = await runCommand('python3', [program, ...options], {
    env: { ...process.env, PYTHONPATH: packages },
  });
  return JSON.parse(output) as Finding[];
}
