/** What all ways share, started once: the server, the sink, and the emulator of what else the worker asks. */
import { cpus, release, totalmem, type } from 'node:os';
import { startPostgres, type PostgresServer } from '../../local/postgres.ts';
import { POSTGRES_VERSIONS } from '../../local/toolchain/postgres.ts';
import { startWorkerWorld, type WorkerWorld } from '../e2e/support/worker-world.ts';
import type { BenchResults, Machine } from './results.ts';
import { installRivals, type Rivals } from './rivals/install-rivals.ts';
import { startSink, type Sink } from './sink/start-sink.ts';
import type { Scene } from './ways/way.ts';

const MAJOR = 17;

/** Beside the defaults: nothing is written for safety or in the background while a dump is timed. */
export const SERVER_SETTINGS = {
  fsync: 'off',
  autovacuum: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '16GB',
} as const;

export async function withScene<Result>(work: (scene: Scene) => Promise<Result>): Promise<Result> {
  const rivals: Rivals = await installRivals();
  const stops: (() => Promise<void>)[] = [];
  const started = async <Part extends { stop(): Promise<void> }>(part: Promise<Part>): Promise<Part> => {
    const settled = await part;
    stops.push(() => settled.stop());
    return settled;
  };
  try {
    const world: WorkerWorld = await started(startWorkerWorld());
    const sink: Sink = await started(startSink());
    const options = { major: MAJOR, password: 'bench', settings: SERVER_SETTINGS } as const;
    const server: PostgresServer = await started(startPostgres(options));
    return await work({ world, sink, server, rivals });
  } finally {
    for (const stop of stops.reverse()) await stop();
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
