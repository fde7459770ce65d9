/** What each way of dumping a database to S3 has in common. One file per way; ways.ts lists them. */
import type { PostgresServer } from '../../../local/postgres.ts';
import type { WorkerWorld } from '../../e2e/support/worker-world.ts';
import type { Measured } from '../measure/run-measured.ts';
import type { Rivals } from '../rivals/install-rivals.ts';
import type { Sink } from '../sink/start-sink.ts';

export interface Scene {
  /** For the folders of runs. */
  readonly directory: string;
  readonly server: PostgresServer;
  readonly sink: Sink;
  readonly world: WorkerWorld;
  readonly rivals: Rivals;
}

/** Folders of one run, empty when it begins. */
export interface Folders {
  /** What lies here counts as temporary disk: TMPDIR of the way. */
  readonly temporary: string;
  /** For the measuring itself. */
  readonly reports: string;
}

export interface WayRun {
  readonly measured: Measured;
  /** Why this run is no dump; null for a good one. */
  readonly problem: string | null;
}

export interface Way {
  readonly id: WayId;
  /** As in the table. */
  readonly title: string;
  /** rival: what people use; ours: this worker; limit: not a backup, but what nobody can be faster than. */
  readonly kind: 'rival' | 'ours' | 'limit';
  /** Why it cannot run on this machine. */
  unavailable?(scene: Scene): string | null;
  run(scene: Scene, folders: Folders): Promise<WayRun>;
}

export type WayId =
  'gzip-pipe' | 'fly-pigz' | 'fly-gzip' | 'zstd-pipe' | 'holdfast' | 'holdfast-uncounted' | 'copy-plain' | 'copy-zstd';
