/**
 * `npm test [-- jest arguments]`: all tests, or those that the arguments select. Ends with `N passed, N failed` alone on
 * a line; a run without a single test has failed.
 *
 * Everything that tests put into the temporary folder, they put into one of this run, which goes with it: workers that a
 * test kills do not clean up.
 *
 * The project `roles` compares what roles may do with what they did in all other tests, so it runs after them, and only
 * when none was left out.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { endProcessesIn } from './left-processes.ts';

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
const temporary = join(scratch, 'tmp');
mkdirSync(temporary);
// Where root runs the tests, PostgreSQL runs as somebody else.
chmodSync(scratch, 0o711);
chmodSync(temporary, 0o1777);
// Ctrl-C ends jest; what its tests could not end is ended below.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

/** Whatever jest says, an exit code other than 0 is at least one failure. */
async function runJest(args: readonly string[]): Promise<Count> {
  const outputFile = join(scratch, 'result.json');
  const jest = join(CHECKOUT, 'node_modules/jest/bin/jest.js');
  // The flag lets CommonJS tests load packages that are ES modules only.
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  rmSync(outputFile, { force: true });
  const { exitCode } = await execa(
    process.execPath,
    [...node, jest, '--json', `--outputFile=${outputFile}`, '--maxWorkers=2', ...args],
    {
      cwd: CHECKOUT,
      env: { HOLDFAST_CALLS_FILE: callsFile, TMPDIR: temporary },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'inherit',
      reject: false,
    },
  );
  if (!existsSync(outputFile)) return { passed: 0, failed: 1 };
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
  await endProcessesIn(scratch);
  rmSync(scratch, { recursive: true, force: true });
}
