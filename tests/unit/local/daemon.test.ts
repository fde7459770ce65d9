import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isRunning, startDaemon, stopDaemon, waitUntilReady, type Daemon } from '../../../local/daemon.ts';

let directory: string;
let daemon: Daemon | undefined;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
});
afterEach(async () => {
  if (daemon) await stopDaemon(daemon, 0);
  daemon = undefined;
  await rm(directory, { recursive: true });
});

const logFile = (): string => path.join(directory, 'log');

async function start(script: string): Promise<Daemon> {
  const env = { PATH: '/usr/bin:/bin' };
  daemon = await startDaemon('/bin/sh', ['-c', script], { logFile: logFile(), cwd: directory, env });
  return daemon;
}

/** Polls the log, as nobody else can say what the program has come to. */
async function logged(text: string): Promise<boolean> {
  return (await readFile(logFile(), 'utf8')).includes(text);
}

describe('a daemon', () => {
  it('runs until it is stopped, by SIGTERM first', async () => {
    const running = await start("trap 'echo told; exit' TERM; echo up; while :; do sleep 0.02; done");
    await waitUntilReady('test', running, logFile(), () => logged('up'));
    expect(await isRunning(running)).toBe(true);
    await stopDaemon(running);
    expect(await isRunning(running)).toBe(false);
    expect(await logged('told')).toBe(true);
  });

  it('is killed when it does not listen', async () => {
    const running = await start("trap '' TERM; echo up; while :; do sleep 0.02; done");
    await waitUntilReady('test', running, logFile(), () => logged('up'));
    await stopDaemon(running, 50);
    expect(await isRunning(running)).toBe(false);
  });

  it('is not another process with the same id', async () => {
    const running = await start('sleep 60');
    const namesake = { ...running, startTime: '1' };
    expect(await isRunning(namesake)).toBe(false);
    await stopDaemon(namesake);
    expect(await isRunning(running)).toBe(true);
  });

  it('that ends while it starts is an error with what it said', async () => {
    const running = await start('echo the reason >&2; exit 1');
    const ready = waitUntilReady('test', running, logFile(), () => Promise.resolve(false));
    await expect(ready).rejects.toThrow('the test ended while starting: the reason');
  });

  it('that is not ready in time is stopped', async () => {
    const running = await start('sleep 60');
    const ready = waitUntilReady('test', running, logFile(), () => Promise.resolve(false), 50);
    await expect(ready).rejects.toThrow('the test was not ready after 50 ms');
    expect(await isRunning(running)).toBe(false);
  });
});

it('a program that is not there is an error', async () => {
  const started = startDaemon('/no/such/program', [], { logFile: logFile(), cwd: directory, env: {} });
  await expect(started).rejects.toThrow('/no/such/program could not be run');
});
