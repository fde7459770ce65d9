/** What tests are given, and what `up` starts: nothing of it stays when it is not given after all. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { startWorkerWorld } from '../support/worker-world.ts';
import { eventually } from './mend-suite.ts';

const MAIN = path.join(import.meta.dirname, '../../../local/main.ts');
/** Packaging, with both processors busy. */
const UP_TIMEOUT_MS = 120_000;

let directory: string;
const before = process.env['TMPDIR'];
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  await rm(directory, { recursive: true, force: true });
});

/** Everything that is started has its working folder in the folder that it is given. */
async function processesIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (cwd.startsWith(folder)) found.push(Number(pid));
  }
  return found;
}

it('a world whose bucket cannot be made leaves neither its emulator nor its folder', async () => {
  process.env['TMPDIR'] = directory;
  jest.spyOn(S3Client.prototype, 'send').mockImplementation(() => {
    throw new Error('no bucket today');
  });
  await expect(startWorkerWorld()).rejects.toThrow('no bucket today');
  expect(await processesIn(directory)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

it(
  'up that is interrupted while the emulator starts leaves nothing that down would have to know',
  async () => {
    const [state, temporary] = [path.join(directory, 'state'), path.join(directory, 'tmp')];
    await mkdir(temporary);
    const up = spawn(process.execPath, [MAIN, 'up', '--state', state], {
      cwd: directory,
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'ignore',
    });
    const exit = new Promise((resolve) => up.once('exit', resolve));
    const log = path.join(state, 'logs', 'emulator.log');
    await eventually(() => Promise.resolve(existsSync(log) ? true : undefined), UP_TIMEOUT_MS);
    up.kill('SIGINT');
    expect(await exit).toBe(ERRORS.Cancelled.exit);
    expect(await processesIn(state)).toEqual([]);
    expect(existsSync(path.join(state, 'stack.json'))).toBe(false);
    expect(await readdir(temporary)).toEqual([]);
  },
  UP_TIMEOUT_MS,
);
