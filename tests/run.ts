/**
 * `npm test [-- jest arguments]`: all tests, or those that the arguments select. Ends with `N passed, N failed` alone on
 * a line; a run without a single test has failed.
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

const CHECKOUT = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-tests-'));
try {
  const outputFile = join(scratch, 'result.json');
  const jest = join(CHECKOUT, 'node_modules/jest/bin/jest.js');
  const { exitCode } = await execa(
    process.execPath,
    // The flag lets CommonJS tests load packages that are ES modules only.
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      jest,
      '--json',
      `--outputFile=${outputFile}`,
      '--maxWorkers=2',
      ...process.argv.slice(2),
    ],
    { cwd: CHECKOUT, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', reject: false },
  );
  const result = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResult;
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  console.log(`${result.numPassedTests} passed, ${failed} failed`);
  process.exitCode = exitCode === 0 && failed === 0 && result.numPassedTests > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
