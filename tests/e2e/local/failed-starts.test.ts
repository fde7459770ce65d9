/** What tests are given, and what `up` starts: nothing of it stays when it is not given after all. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { runCommand } from '../../../local/run-command.ts';
import { processesIn } from '../../left-processes.ts';
import { eventually } from './mend-suite.ts';

const CHECKOUT = path.join(import.meta.dirname, '../../..');
/** Packaging, with both processors busy. */
const UP_TIMEOUT_MS = 300_000;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('a world whose bucket cannot be made leaves neither its emulator nor its folder', async () => {
  // In a process of its own, whose temporary folder is ours.
  const program = `
    import { S3Client } from '@aws-sdk/client-s3';
    import { startWorkerWorld } from './tests/e2e/support/worker-world.ts';
    S3Client.prototype.send = () => Promise.reject(new Error('no bucket today'));
    await startWorkerWorld();`;
  const started = runCommand(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: CHECKOUT,
    env: { ...process.env, TMPDIR: directory },
  });
  await expect(started).rejects.toThrow('no bucket today');
  expect(processesIn(directory)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

it(
  'up that is interrupted while the emulator starts leaves nothing that down would have to know',
  async () => {
    const [state, temporary] = [path.join(directory, 'state'), path.join(directory, 'tmp')];
    await mkdir(temporary);
    const up = spawn(process.execPath, [path.join(CHECKOUT, 'local/main.ts'), 'up', '--state', state], {
      cwd: directory,
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'ignore',
    });
    const exit = new Promise((resolve) => up.once('exit', resolve));
    const log = path.join(state, 'logs', 'emulator.log');
    await eventually(() => Promise.resolve(existsSync(log) ? true : undefined), UP_TIMEOUT_MS);
    up.kill('SIGINT');
    expect(await exit).toBe(ERRORS.Cancelled.exit);
    expect(processesIn(state)).toEqual([]);
    expect(existsSync(path.join(state, 'stack.json'))).toBe(false);
    expect(await readdir(temporary)).toEqual([]);
  },
  UP_TIMEOUT_MS,
);
