/** A worker that is held up on its way, because S3 does not answer, so that something can be done to it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { startPostgres, type PostgresOptions, type PostgresServer } from '../../../local/postgres.ts';
import { stopAfterTests } from './stop-after-tests.ts';
import { leftovers, NOTHING, query } from './worker-leftovers.ts';
import { onlyDump } from './worker-restore.ts';
import { outcomeOf, planFor, startRun, startWorker, type TestRun, type WorkerProcess } from './worker-run.ts';
import { startS3Proxy, type S3Proxy, type S3Request, type Treatment } from './worker-s3-proxy.ts';
import { startWorkerWorld, type WorkerWorld } from './worker-world.ts';

/** More than all part buffers hold, so that a dump whose parts are held up stays half-way. */
const MEBIBYTES = 72;

export interface Scene {
  readonly world: WorkerWorld;
  readonly server: PostgresServer;
  readonly proxy: S3Proxy;
  /** Added to the worker's. */
  readonly environment?: Record<string, string>;
}

/** Makes the databases `large`, of incompressible bytes, and `small`. */
async function fillSceneServer(server: PostgresServer): Promise<void> {
  await query(server, 'postgres', 'CREATE DATABASE large');
  await query(
    server,
    'large',
    `CREATE TABLE noise AS SELECT n, bytes FROM generate_series(1, ${MEBIBYTES}) n, LATERAL (
       SELECT decode(string_agg(md5(random()::text || i), ''), 'hex') AS bytes
         FROM generate_series(1, 65536) i WHERE n > 0) random_bytes`,
  );
  await query(server, 'postgres', 'CREATE DATABASE small');
  await query(server, 'small', 'CREATE TABLE item AS SELECT n FROM generate_series(1, 10) n');
}

/**
 * For the tests of a file: one world and one server, and for each test a new way to S3.
 * @param options of an empty server; default: one of 17 with the databases `large` and `small`
 */
export function shareScene(options?: PostgresOptions): Scene {
  const keep = stopAfterTests();
  let world: WorkerWorld;
  let server: PostgresServer;
  let proxy: S3Proxy;
  beforeAll(async () => {
    const started = keep(startPostgres(options ?? { major: 17, password: 'secret' }));
    const filled = options ? started : started.then((one) => fillSceneServer(one).then(() => one));
    [world, server] = await Promise.all([keep(startWorkerWorld()), filled]);
  });
  beforeEach(async () => {
    proxy = await startS3Proxy(world.emulator.endpoint);
  });
  afterEach(async () => {
    await proxy.close();
  });
  return {
    get world() {
      return world;
    },
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
  };
}

export interface Started {
  readonly run: TestRun;
  readonly worker: WorkerProcess;
}

/** A worker that reaches S3 through the proxy. @param plan for a database of that name, or a whole one */
export async function startDump(
  { world, server, proxy, environment }: Scene,
  plan: string | DumpPlan,
  more: Record<string, string> = {},
): Promise<Started> {
  const run = await startRun(
    world,
    typeof plan === 'string' ? await planFor(world, server, { databases: [plan] }) : plan,
  );
  const worker = startWorker(world, run, { AWS_ENDPOINT_URL_S3: proxy.endpoint, ...environment, ...more });
  return { run, worker };
}

export interface Interrupted extends Started {
  /** Lets S3 take what it was sent, or does something else with what was held up. */
  readonly release: (treatment?: Treatment) => void;
}

/** Returns when S3 holds up a request about an object with that ending, after `free` of that kind. */
export async function holdUp(
  scene: Scene,
  plan: DumpPlan,
  ending: string,
  free: number,
  held: S3Request = 'part',
): Promise<Interrupted> {
  const reached = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<Treatment>();
  let requests = 0;
  scene.proxy.treat = (request, key) => {
    if (request !== held || !key.endsWith(ending) || ++requests <= free) return 'forward';
    reached.resolve(undefined);
    return released.promise;
  };
  const started = await startDump(scene, plan);
  const ended = started.worker.ended.then(({ output }) => {
    throw new Error(`the worker ended before it was held up: ${output}`);
  });
  await Promise.race([reached.promise, ended]);
  ended.catch(() => undefined);
  return {
    ...started,
    release: (treatment = 'forward') => {
      released.resolve(treatment);
    },
  };
}

/** With every buffer full, and pg_dump waiting for the worker. */
export async function holdHalfWay(scene: Scene, change: Partial<DumpPlan> = {}): Promise<Interrupted> {
  const plan = await planFor(scene.world, scene.server, { databases: ['large'], ...change });
  const interrupted = await holdUp(scene, plan, 'archive.dump', 1);
  while (scene.proxy.count('part') < 5) await sleep(10);
  return interrupted;
}

/** The dump of one database, once its worker has ended. */
export async function expectDumped(
  { world }: Scene,
  { run, worker }: Started,
): Promise<{ readonly output: string; readonly dump: DatabaseDump }> {
  const { output, code } = await worker.ended;
  return { output, dump: onlyDump({ output, code, outcome: await outcomeOf(world, run), run }) };
}

/** Also that nothing is left. */
export async function expectFailed(
  { world, server }: Scene,
  { run, worker }: Started,
  code: ErrorCode,
  message: RegExp,
): Promise<void> {
  const { code: exitCode, output } = await worker.ended;
  expect({ output, failures: await failuresOf(world, run) }).toEqual({
    output,
    failures: [{ code, message: expect.stringMatching(message) as unknown }],
  });
  expect(exitCode).toBe(ERRORS[code].exit);
  expect(await leftovers(world, run, server)).toEqual(NOTHING);
}

/** Of the run and of its databases. */
export async function failuresOf(world: WorkerWorld, run: TestRun): Promise<unknown[]> {
  const outcome = await outcomeOf(world, run);
  const failures = outcome?.databases.flatMap((database) => (database.status === 'failed' ? [database.failure] : []));
  return [...(outcome?.failure ? [outcome.failure] : []), ...(failures ?? ['no outcome'])];
}
