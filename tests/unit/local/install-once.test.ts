import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { installOnce } from '../../../local/toolchain/install-once.ts';

let parent: string;
let target: string;
beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
  target = path.join(parent, 'cache', 'tool');
});
afterEach(() => rm(parent, { recursive: true }));

const writeTool =
  (content: string) =>
  (directory: string): Promise<void> =>
    writeFile(path.join(directory, 'tool'), content, { mode: 0o700 });

describe('installOnce', () => {
  it('builds once', async () => {
    expect(await installOnce(target, writeTool('first'))).toBe(true);
    expect(await installOnce(target, writeTool('second'))).toBe(false);
    expect(await readFile(path.join(target, 'tool'), 'utf8')).toBe('first');
  });

  it('lets others read and run it, whatever the umask', async () => {
    const before = process.umask(0o077);
    await installOnce(target, writeTool('x'));
    process.umask(before);
    const modes = await Promise.all(
      [path.dirname(target), target, path.join(target, 'tool')].map((file) => stat(file)),
    );
    expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['755', '755', '755']);
  });

  it('keeps the first of two installers at once, complete', async () => {
    const both = ['one', 'two'].map((name) =>
      installOnce(target, async (directory) => {
        await writeTool(name)(directory);
        await writeFile(path.join(directory, 'last'), name);
      }),
    );
    expect((await Promise.all(both)).sort()).toEqual([false, true]);
    const [tool, last] = await Promise.all(['tool', 'last'].map((name) => readFile(path.join(target, name), 'utf8')));
    expect(tool).toBe(last);
    expect(await readdir(path.dirname(target))).toEqual(['tool']);
  });

  it('leaves nothing of a build that failed', async () => {
    const failed = installOnce(target, () => Promise.reject(new Error('no network')));
    await expect(failed).rejects.toThrow('no network');
    expect(await readdir(path.dirname(target))).toEqual([]);
  });
});
