import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmulator } from '../../../local/emulator.ts';
import { runCommand } from '../../../local/run-command.ts';
import { installToolchain, type Toolchain } from '../../../local/toolchain.ts';
import { describeMend } from './mend-suite.ts';

const EMULATOR = path.join(import.meta.dirname, '../../../local/emulator');

describeMend('pid_file', {
  "nothing is written into the system's temporary folder": async (emulator) => {
    const files = await readdir(path.join(emulator.directory, 'tmp'));
    expect(files.filter((name) => name.endsWith('.pid'))).toEqual([]);
  },
});

describe('the launcher', () => {
  let toolchain: Toolchain;
  let directory: string;
  beforeEach(async () => {
    toolchain = await installToolchain(() => undefined);
    directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
  }, 120_000);
  afterEach(() => rm(directory, { recursive: true }));

  const python = (script: string, env: Record<string, string> = {}): Promise<string> =>
    runCommand('python3', ['-c', `import sys; sys.path.insert(0, '${EMULATOR}')\n${script}`], {
      env: { PATH: process.env['PATH'], PYTHONPATH: toolchain.pythonPackages, PYTHONDONTWRITEBYTECODE: '1', ...env },
      cwd: directory,
    });

  it('refuses code that is not what a mend was made for', async () => {
    const misfit = 'import mending; mending.edit("ministack.services.sqs", "no such text", "x"); mending.install()';
    await expect(python(misfit)).rejects.toThrow(/expected 1 of 'no such text' in ministack.services.sqs, found 0/);
  });

  it('refuses text that occurs more often than expected', async () => {
    const misfit = 'import mending; mending.edit("ministack.services.sqs", "def ", "x"); mending.install()';
    await expect(python(misfit)).rejects.toThrow(/expected 1 of 'def' in ministack.services.sqs, found \d\d/);
  });

  it('refuses another version of the emulator', async () => {
    const other = 'import launcher; launcher.EXPECTED_VERSION = "0.0.1"; launcher.check_version()';
    await expect(python(other)).rejects.toThrow(/made for ministack 0.0.1, found/);
  });

  it('refuses to leave out a mend that is not there', async () => {
    const unknown = python('import launcher; launcher.load_mends()', { HOLDFAST_WITHOUT_MEND: 'nonsense' });
    await expect(unknown).rejects.toThrow(/no mend is called nonsense/);
  });

  it('is not started on a port where somebody answers already', async () => {
    const other = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const error: unknown = await startEmulator({ toolchain, directory, port }).catch((refused: unknown) => refused);
    other.close();
    expect(error).toMatchObject({ code: 'InvalidInput' });
    expect(String(error)).toContain(`port ${port} is taken`);
    expect(await readdir(directory)).toEqual([]);
  });
});

it('every mend has a check that fails without it', async () => {
  const mends = (await readdir(path.join(EMULATOR, 'mends'))).flatMap((name) => /^(.+)\.py$/.exec(name)?.[1] ?? []);
  const tests = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts'));
  const sources = await Promise.all(tests.map((name) => readFile(path.join(import.meta.dirname, name), 'utf8')));
  const checked = sources.flatMap((source) =>
    [...source.matchAll(/describeMend\(\s*'(\w+)'/g)].map((match) => match[1]),
  );
  expect([...new Set(checked)].sort()).toEqual(mends.sort());
});
