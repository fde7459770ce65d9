/**
 * `npm run test:image [-- --base IMAGE]`: builds the worker's image and runs it, in the Docker or podman of this machine.
 *
 * The engine is the one at DOCKER_HOST, one that listens at a usual place, or podman, started for the time of the test.
 * Without any, it prints "not built: no container engine" and exits with 77: nothing was tested.
 * The base is IMAGE; else the official one, where its registry can be reached; else one that is made here, which needs
 * root and debootstrap. A stack is then started with `--runtime docker`, and through it
 *
 *   - a server of each major is backed up: SUCCEEDED, by the right client, restorable by the stock pg_restore;
 *   - an execution is stopped half-way, and so is a container: the worker ends by itself and leaves nothing;
 *   - the stack is ended while a container runs, which goes with it.
 *
 * It takes some two minutes, half of them for the base, and leaves images in the engine. Not part of `npm test`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runEngine } from '../../../local/docker-engine.ts';
import { startStack, stopStack } from '../../../local/stack.ts';
import { LOCAL_BASE_IMAGE, makeBaseImage } from './base-image.ts';
import { checkBackups, SOURCES } from './check-backups.ts';
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
  // That one has clients only, and nowhere to get servers and locales from.
  if (base === LOCAL_BASE_IMAGE) Object.assign(process.env, { HOLDFAST_POSTGRES_SERVERS: '', HOLDFAST_LOCALES: '' });
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-image-'));
  const configFile = path.join(directory, 'holdfast.yml');
  await writeFile(configFile, configOf(SOURCES));
  try {
    const info = await timed('image and stack', () => startStack({ directory, configFile, runtime: 'docker' }));
    console.log(await describeImage(host));
    await timed('backups', () => checkBackups(host, info, () => stopStack(directory))).catch(async (error: unknown) => {
      console.error(await logsOf(host, await containersOf(host, info)));
      throw error;
    });
  } finally {
    await stopStack(directory);
    // Packaging that failed may still be writing.
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

const { values } = parseArgs({ options: { base: { type: 'string' } } });
process.exitCode = await main(values.base);
