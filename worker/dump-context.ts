/** What the parts of a dump are given: of the whole run, and of the database that is being dumped. */
import type { ObjectRole } from '../core/manifest.ts';
import type { DumpPlan } from '../core/run-record.ts';
import type { PartPool } from './part-pool.ts';
import type { PgDumpClient } from './postgres/clients.ts';
import type { Server } from './postgres/server.ts';
import type { ProgressMeter } from './progress.ts';
import type { Upload } from './upload.ts';

export interface DumpContext {
  readonly server: Server;
  readonly client: PgDumpClient;
  readonly dump: DumpPlan['dump'];
  /** No database has more archives with rows, whatever `dump` says. */
  readonly jobsMax: number;
  readonly bucket: string;
  readonly applicationName: string;
  readonly pool: PartPool;
  readonly progress: ProgressMeter;
  /** A dump of which nothing moves for so long fails. */
  readonly stallAfterMs: number;
  /** Aborted when the whole run has to end. */
  readonly signal: AbortSignal;
  keyOf(database: string, file: string): string;
  /** @throws Cancelled unless the run is still open */
  confirmOpen(): Promise<void>;
}

/** One database, or one attempt at it. */
export interface DumpWork {
  /** Whoever aborts it first says why the database failed, and ends everybody else. */
  readonly failure: AbortController;
  /** Of `failure` and of the whole run. */
  readonly signal: AbortSignal;
  /** In the order in which they are to become visible. */
  readonly uploads: readonly Upload[];
  /** Begins one more; it is completed or aborted with the others. */
  begin(role: ObjectRole, file: string): Promise<Upload>;
}
