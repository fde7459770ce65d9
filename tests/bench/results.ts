/** What a bench has measured, as `--json` writes it. */
import type { BenchDatabase } from './database/build.ts';
import type { Measured } from './measure/run-measured.ts';
import type { RestorePhases } from './measure/server-log.ts';
import type { WayId } from './ways/way.ts';

export interface RunRecord extends Omit<Measured, 'exitCode' | 'cpuSeconds'> {
  readonly way: WayId;
  /** `wantedMb` of the database. */
  readonly sizeMb: number;
  /** From 1. */
  readonly round: number;
  /** Why it failed; null for a good run. */
  readonly problem: string | null;
  readonly clientCpuSeconds: number;
  /** Of all processes of the server, between the start of the way and its end. */
  readonly serverCpuSeconds: number;
  readonly sinkCpuSeconds: number;
  readonly tempDiskBytes: number;
  /** 0 for a restore. */
  readonly uploadedBytes: number;
  /** null for a dump. */
  readonly phases: RestorePhases | null;
}

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly system: string;
}

export interface BenchResults {
  readonly at: string;
  readonly machine: Machine;
  /** By program. */
  readonly versions: Readonly<Record<string, string>>;
  /** Of the server, where they are not its defaults. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** The server's data, and what restores read. */
  readonly dataIsInMemory: boolean;
  readonly rounds: number;
  /** Size at which the ways were compared. */
  readonly comparedMb: number;
  readonly databases: readonly BenchDatabase[];
  readonly leftOut: readonly { readonly way: WayId; readonly reason: string }[];
  readonly runs: readonly RunRecord[];
}
