/** What all ways share, started once: the server, the sink, and the emulator of what else the worker asks. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import path from 'node:path';
import { ERRORS } from '../../core/errors.ts';
import { startPostgres } from '../../local/postgres.ts';
import { POSTGRES_VERSIONS } from '../../local/toolchain/postgres.ts';
import { startWorkerWorld } from '../e2e/support/worker-world.ts';
import { makeDataFolder } from './data-folder.ts';
import type { BenchResults, Machine } from './results.ts';
import { installRivals } from './rivals/install-rivals.ts';
import { startSink } from './sink/start-sink.ts';
import type { Scene } from './ways/way.ts';

/** The newest. */
const MAJOR = 18;
const MEGABYTE = 1e6;

export type WalLevel = 'minimal' | 'replica';

/**
 * Beside the defaults: nothing is written for safety or in the background while a dump is timed. Pages in memory are read
 * by the session itself, as before PostgreSQL 18: its I/O workers would take processors from all ways and wait for nothing.
 */
export function serverSettings(walLevel: WalLevel): BenchResults['settings'] {
  return {
    fsync: 'off',
    autovacuum: 'off',
    wal_level: walLevel,
    max_wal_senders: 0,
    max_wal_size: '4GB',
    io_method: 'sync',
  };
}

interface SceneOptions {
  readonly settings: BenchResults['settings'];
  /** Of all databases that there are at once, with copies and archives. */
  readonly dataMb: number;
}

/** Whatever becomes of the work, also by Ctrl-C, nothing of the scene is left. */
export async function withScene<Result>(
  { settings, dataMb }: SceneOptions,
  work: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const rivals = await installRivals();
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
  const data = await makeDataFolder(dataMb * MEGABYTE);
  const stops = [directory, data.directory].map((folder) => () => rm(folder, { recursive: true, force: true }));
  let stopped: Promise<void> | undefined;
  const stopAll = (): Promise<void> =>
    (stopped ??= (async () => {
      for (const stop of stops.reverse()) await stop();
    })());
  const started = async <Part extends { stop(): Promise<void> }>(part: Promise<Part>): Promise<Part> => {
    const settled = await part;
    stops.push(() => settled.stop());
    return settled;
  };
  // Not `once`: Ctrl-C comes twice, from the terminal and through npm.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void stopAll().finally(() => process.exit(ERRORS.Cancelled.exit)));
  try {
    const world = await started(startWorkerWorld());
    const sink = await started(startSink());
    const kept = path.join(data.directory, 'kept');
    await mkdir(kept);
    const store = await started(startSink(kept));
    const server = await started(
      startPostgres({ major: MAJOR, password: 'bench', settings, dir: path.join(data.directory, 'postgres') }),
    );
    return await work({ directory, dataIsInMemory: data.isMemory, world, sink, store, server, rivals });
  } finally {
    await stopAll();
  }
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
  };
}

export function describeVersions({ rivals }: Scene): BenchResults['versions'] {
  return {
    'PostgreSQL server and clients': POSTGRES_VERSIONS[MAJOR],
    Node: process.versions.node,
    'AWS CLI': rivals.awsCliVersion.replace('aws-cli/', ''),
    pigz: rivals.pigzVersion?.replace('pigz ', '') ?? 'not installed',
  };
}
