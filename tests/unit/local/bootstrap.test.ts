import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const CHECKOUT = path.join(import.meta.dirname, '../../..');

/** A checkout with nothing in it but the bootstrap and a script, and programs that stand for npm and python3. */
let checkout: string;
let bin: string;
beforeEach(async () => {
  checkout = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
  bin = path.join(checkout, 'bin');
  for (const folder of ['bin', 'local', 'node_modules/.bin'])
    await mkdir(path.join(checkout, folder), { recursive: true });
  await copyFile(path.join(CHECKOUT, 'local/bootstrap.mjs'), path.join(checkout, 'local/bootstrap.mjs'));
  await writeFile(path.join(checkout, 'package.json'), '{"type":"module"}');
  await lockFiles({ a: '1.0.0' }, { a: '1.0.0' });
  await program('npm', 'echo npm "$@"; exit ${NPM_EXIT:-0}');
  await program('python3', 'echo Python ${PYTHON_VERSION:-3.11.2}');
  await symlink(process.execPath, path.join(checkout, 'node_modules/.bin/node'));
});
afterEach(() => rm(checkout, { recursive: true }));

async function program(name: string, script: string): Promise<void> {
  await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(bin, name), 0o755);
}

async function lockFiles(wanted: Record<string, string>, installed?: Record<string, string>): Promise<void> {
  const lock = (versions: Record<string, string>): string =>
    JSON.stringify({
      packages: Object.fromEntries(
        Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version, integrity: version }]),
      ),
    });
  await writeFile(path.join(checkout, 'package-lock.json'), lock(wanted));
  const hidden = path.join(checkout, 'node_modules/.package-lock.json');
  if (installed) await writeFile(hidden, lock(installed));
  else await rm(hidden);
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script through the bootstrap. @param onOutput called with the process when the script has written */
async function run(
  script: string,
  env: Record<string, string> = {},
  onOutput: (kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const file = path.join(checkout, 'script.ts');
  await writeFile(file, script);
  const child = spawn(process.execPath, [path.join(checkout, 'local/bootstrap.mjs'), file, 'one', 'two words'], {
    env: { PATH: `${bin}:/usr/bin:/bin`, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onOutput((signal) => child.kill(signal));
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('bootstrap', () => {
  it('runs TypeScript with its arguments, and its exit code is the script’s', async () => {
    const ended = await run('const all: string[] = process.argv.slice(2); console.log(all.join()); process.exit(7);');
    expect(ended).toEqual({ code: 7, stdout: 'one,two words\n', stderr: '' });
  });

  it('passes signals on', async () => {
    const script = "process.on('SIGTERM', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1000);";
    const ended = await run(script, {}, (kill) => {
      kill('SIGTERM');
    });
    expect(ended.code).toBe(9);
  });

  it('ends as a script that a signal ended', async () => {
    const ended = await run("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
    expect(ended.code).toBe(137);
  });

  it.each([
    { when: 'there are none', installed: undefined, said: 'node_modules is missing' },
    { when: 'one is of another version', installed: { a: '0.9.0' }, said: 'not what package-lock.json says (a)' },
    { when: 'one is missing', installed: {}, said: 'not what package-lock.json says (a)' },
  ])('installs the packages when $when, and says so on stderr only', async ({ installed, said }) => {
    await lockFiles({ a: '1.0.0' }, installed);
    const ended = await run("console.log('ran');");
    expect(ended).toMatchObject({ code: 0, stdout: 'ran\n', stderr: expect.stringContaining(said) });
    expect(ended.stderr).toContain('npm ci --ignore-scripts');
  });

  it('runs nothing when the packages cannot be installed', async () => {
    await lockFiles({ a: '1.0.0' }, {});
    const ended = await run("console.log('ran');", { NPM_EXIT: '3' });
    expect(ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('npm ci ended with exit code 3'),
    });
  });

  it('asks for a newer Python', async () => {
    const ended = await run("console.log('ran');", { PYTHON_VERSION: '3.9.18' });
    expect(ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('python3 is 3.9.18: install Python 3.10'),
    });
  });
});
