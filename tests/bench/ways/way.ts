/** What each way of dumping a database to S3, or of restoring it from there, has in common. ways.ts lists them. */
import type { PostgresServer } from '../../../local/postgres.ts';
import type { WorkerWorld } from '../../e2e/support/worker-world.ts';
import type { Measured } from '../measure/run-measured.ts';
import type { Rivals } from '../rivals/install-rivals.ts';
import type { Sink } from '../sink/start-sink.ts';

export interface Scene {
  /** For the folders of runs. */
  readonly directory: string;
  /** The server's data, and what restores read. */
  readonly dataIsInMemory: boolean;
  readonly server: PostgresServer;
  /** S3, as a way sees it: what is dumped is thrown away. */
  readonly sink: Sink;
  /** The same, and it keeps what is to be restored: the sink of restores. */
  readonly store: Sink;
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
  /** Why this run has not done what it should; null for a good one. */
  readonly problem: string | null;
}

/** What is said of a way. */
export interface WayLabel {
  readonly id: WayId;
  /** As in the table. */
  readonly title: string;
  /** rival: what people use; ours: this worker; limit: not a backup, but what nobody can be faster than. */
  readonly kind: 'rival' | 'ours' | 'limit';
  /** Why it cannot run on this machine. */
  unavailable?(scene: Scene): string | null;
}

export interface Way extends WayLabel {
  run(scene: Scene, folders: Folders): Promise<WayRun>;
}

export interface RestoreWay extends WayLabel {
  /**
   * Untimed: dumps what is to be restored, in the way that people do who restore like this.
   * @returns what restores it into the database RESTORED, which does not exist then
   */
  prepare(scene: Scene, folders: Folders): Promise<Way['run']>;
}

/** Where restores go. */
export const RESTORED = 'restored';

export type WayId = DumpWayId | RestoreWayId;

type DumpWayId =
  'gzip-pipe' | 'fly-pigz' | 'fly-gzip' | 'zstd-pipe' | 'holdfast' | 'holdfast-uncounted' | 'copy-plain' | 'copy-zstd';

type RestoreWayId = 'gzip-restore' | 'zstd-restore' | 'holdfast-restore';
