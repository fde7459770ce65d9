/** `npm run check`: types, lint, format, import rules, unused code, generated files. Runs all, then says which failed. */
import { join } from 'node:path';
import { execa } from 'execa';

const CHECKOUT = join(import.meta.dirname, '..');
const BIN = join(CHECKOUT, 'node_modules/.bin');

const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['lint', 'eslint', '.'],
  ['format', 'prettier', '--check', '.'],
  [
    'import rules',
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    'aws',
    'cli',
    'core',
    'functions',
    'infra',
    'worker',
  ],
  ['unused code', 'knip'],
  ['generated files', 'node', 'infra/generate-docs.ts', '--check'],
];

const failed: string[] = [];
for (const [name, command, ...args] of CHECKS) {
  console.log(`== ${name}: ${command} ${args.join(' ')}`);
  const result = await execa(join(BIN, command), args, { cwd: CHECKOUT, stdio: 'inherit', reject: false });
  if (result.failed) failed.push(name);
}
console.log(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
