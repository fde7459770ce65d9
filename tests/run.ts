/**
 * `npm test [-- jest arguments]`: all tests, or those that the arguments select. Ends with `N passed, N failed` alone on
 * a line; a run without a single test has failed.
 *
 * The project `roles` compares what roles may do with what they did in all other tests, so it runs after them, and only
 * when none was left out.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const CHECKOUT = join(import.meta.dirname, '..');
const PROJECTS = ['unit', 'statemachine', 'infra', 'e2e'];

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-tests-'));
const callsFile = join(scratch, 'calls.jsonl');

/** Whatever jest says, an exit code other than 0 is at least one failure. */
async function runJest(args: readonly string[]): Promise<Count> {
  const outputFile = join(scratch, 'result.json');
  const jest = join(CHECKOUT, 'node_modules/jest/bin/jest.js');
  // The flag lets CommonJS tests load packages that are ES modules only.
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const { exitCode } = await execa(
    process.execPath,
    [...node, jest, '--json', `--outputFile=${outputFile}`, '--maxWorkers=2', ...args],
    {
      cwd: CHECKOUT,
      env: { HOLDFAST_CALLS_FILE: callsFile },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'inherit',
      reject: false,
    },
  );
  const result = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResult;
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return { passed: result.numPassedTests, failed: exitCode === 0 ? failed : Math.max(1, failed) };
}

try {
  const args = process.argv.slice(2);
  const all = args.includes('--selectProjects') ? [] : ['--selectProjects', ...PROJECTS];
  const counts = [await runJest([...args, ...all])];
  if (args.length === 0) counts.push(await runJest(['--selectProjects', 'roles']));
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
