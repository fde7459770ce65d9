/**
 * `npm run test:image [-- --base IMAGE]`: builds the worker's image and runs it, in the Docker or podman of this machine.
 *
 * The engine is the one at DOCKER_HOST, one that listens at a usual place, or podman, started for the time of the test.
 * Without any, it prints "not built: no container engine" and exits with 77: nothing was tested.
 * The base is IMAGE; else the official one, where its registry can be reached; else one that is made here, which needs
 * root, debootstrap and gpg. A stack is then started with `--runtime docker`, and through it
 *
 *   - a server of each major is backed up: SUCCEEDED, by the right client, restorable by the stock pg_restore;
 *   - an execution is stopped half-way, and so is a container: the worker ends by itself and leaves nothing;
 *   - restore tests: Untestable without a server; passed in an image that was built with a server, a locale and an
 *     extension package, of a database that needs all three; Untestable again without the locale or the extension;
 *   - the stack is ended while a container runs, which goes with it.
 *
 * It takes some four minutes, and leaves images in the engine. Not part of `npm test`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runEngine } from '../../../local/docker-engine.ts';
import { startStack, stopStack, type StackInfo } from '../../../local/stack.ts';
import { REPOSITORY_URL } from './apt-repository.ts';
import { LOCAL_BASE_IMAGE, makeBaseImage } from './base-image.ts';
import { checkBackups, checkEndOfStack, SOURCES } from './check-backups.ts';
import { checkRestoreTests, CLIENTS_ONLY, IN_THE_IMAGE } from './check-restore-tests.ts';
import { configOf } from './backups.ts';
import { containersOf, logsOf } from './containers.ts';
import { findEngine, type Engine } from './engine.ts';
import { describeImage, officialBase } from './image.ts';

const SKIPPED = 77;

async function main(wanted: string | undefined): Promise<number> {
  const engine = await findEngine();
  if (!engine) {
    console.log('not built: no container engine');
    return SKIPPED;
  }
  console.log(`engine ${engine.version} at ${engine.host}`);
  try {
    const base = await timed('base image', () => chooseBase(engine.host, wanted));
    console.log(`built on ${base}`);
    await buildAndRun(engine, base);
  } finally {
    await engine.stop();
  }
  console.log('the image was built and run');
  return 0;
}

async function chooseBase(host: string, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) return wanted;
  const official = await officialBase();
  const reached = await runEngine(host, ['pull', official]).then(
    () => true,
    () => false,
  );
  if (reached) return official;
  await makeBaseImage(host);
  return LOCAL_BASE_IMAGE;
}

/** `up` takes them from its environment. */
async function buildAndRun({ host }: Engine, base: string): Promise<void> {
  process.env['DOCKER_HOST'] = host;
  process.env['HOLDFAST_BASE_IMAGE'] = base;
  if (base === LOCAL_BASE_IMAGE) process.env['HOLDFAST_PGDG_URL'] = REPOSITORY_URL;
  Object.assign(process.env, CLIENTS_ONLY);
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-image-'));
  const configFile = path.join(directory, 'holdfast.yml');
  await writeFile(configFile, configOf([...SOURCES, IN_THE_IMAGE]));
  try {
    const info = await timed('image and stack', () => startStack({ directory, configFile, runtime: 'docker' }));
    console.log(await describeImage(host));
    await check(host, info, directory).catch(async (error: unknown) => {
      console.error(await logsOf(host, await containersOf(host, info)));
      throw error;
    });
  } finally {
    await stopStack(directory);
    // Packaging that failed may still be writing.
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function check(host: string, info: StackInfo, directory: string): Promise<void> {
  await timed('backups', () => checkBackups(host, info));
  await timed('restore tests', () => checkRestoreTests(host, info, path.join(directory, 'build')));
  await timed('end of the stack', () => checkEndOfStack(host, info, () => stopStack(directory)));
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

const { values } = parseArgs({ options: { base: { type: 'string' } } });
process.exitCode = await main(values.base);
