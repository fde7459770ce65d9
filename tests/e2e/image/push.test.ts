/** Deploying pushes the worker's image into the account's repository, once. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DescribeRepositoriesCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sdkEnvironment } from '../../../local/deploy.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { startTestEmulator, type TestEmulator } from '../local/test-emulator.ts';

const CHECKOUT = path.join(import.meta.dirname, '../../..');
const REPOSITORY = 'holdfast-worker';

const keep = stopAfterTests();
let emulator: TestEmulator;
let ecr: ECRClient;
let directory: string;
let callsFile: string;

beforeAll(async () => {
  emulator = await keep(startTestEmulator());
  ecr = new ECRClient(emulator.settings);
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-push-'));
  callsFile = path.join(directory, 'calls');
});

beforeEach(() => {
  writeFileSync(callsFile, '');
});

/** In a process of its own, whose docker is a script that writes down how it was called. @returns the image's URI */
function push(environment: Readonly<Record<string, string>> = {}): string {
  const program = `
    import { pushWorkerImage } from ${JSON.stringify(path.join(CHECKOUT, 'infra/worker-image.ts'))};
    console.log(await pushWorkerImage(${JSON.stringify(path.join(directory, 'image'))}));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: {
      ...sdkEnvironment(emulator.endpoint, {}),
      PATH: `${path.join(CHECKOUT, 'tests/fixtures/docker')}:/usr/bin:/bin`,
      DOCKER_CALLS: callsFile,
      ...environment,
    },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

const calls = (): string[] => readFileSync(callsFile, 'utf8').trim().split('\n');

test('the image is built for Fargate, and the password of its registry is in no argument', () => {
  const image = push();
  expect(image).toMatch(/\/holdfast-worker:[0-9a-f]{16}$/);
  const [build, login, input, pushed, ...more] = calls();
  expect(build).toBe(`build --platform linux/amd64 --tag ${image} ${path.join(directory, 'image')}`);
  expect(login).toBe(`login --username AWS --password-stdin ${image.split('/')[0] ?? ''}`);
  expect(input).toMatch(/^stdin: ./);
  expect(pushed).toBe(`push ${image}`);
  expect(more).toEqual([]);
});

test('its repository takes no tag twice', async () => {
  const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [REPOSITORY] }));
  expect(repositories?.[0]?.imageTagMutability).toBe('IMMUTABLE');
});

test('another base is another image', () => {
  const image = push();
  const other = push({ HOLDFAST_BASE_IMAGE: 'registry.example.com/node:24' });
  expect(other).not.toBe(image);
  expect(calls().some((call) => call.includes('--build-arg BASE_IMAGE=registry.example.com/node:24'))).toBe(true);
});

test('what the image holds comes from the environment; an empty list is a list, an empty address is none', () => {
  const EXTENSIONS = 'postgresql-17-pgvector postgresql-17-cron';
  push({
    HOLDFAST_BASE_IMAGE: '',
    HOLDFAST_PGDG_URL: '',
    HOLDFAST_POSTGRES_SERVERS: '',
    HOLDFAST_EXTENSION_PACKAGES: EXTENSIONS,
  });
  push({ HOLDFAST_PGDG_URL: 'https://mirror.example.com/pgdg', HOLDFAST_LOCALES: 'de_DE' });
  const [one = '', other = ''] = calls().filter((call) => call.startsWith('build '));
  const begin = 'build --platform linux/amd64';
  expect(
    one.startsWith(`${begin} --build-arg POSTGRES_SERVERS= --build-arg EXTENSION_PACKAGES=${EXTENSIONS} --tag`),
  ).toBe(true);
  expect(
    other.startsWith(`${begin} --build-arg LOCALES=de_DE --build-arg PGDG_URL=https://mirror.example.com/pgdg --tag`),
  ).toBe(true);
});

test('an image that the account has is neither built nor pushed', async () => {
  const imageTag = push().split(':').at(-1);
  const manifest = { schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' };
  await ecr.send(
    new PutImageCommand({ repositoryName: REPOSITORY, imageTag, imageManifest: JSON.stringify(manifest) }),
  );
  writeFileSync(callsFile, '');
  expect(push().endsWith(imageTag ?? '?')).toBe(true);
  expect(readFileSync(callsFile, 'utf8')).toBe('');
});
