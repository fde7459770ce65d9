/** Assembles the manifest of a recovery point from the run's row and what became of its parts. */
import { MANIFEST_FORMAT, type DatabaseDump, type Manifest, type Verdict } from './manifest.ts';
import { restoreCommands } from './postgres/restore-commands.ts';
import type { RunRow } from './run-record.ts';
import type { DumpPart, SnapshotPart } from './steps.ts';

export interface ManifestParts {
  readonly run: RunRow;
  readonly verdict: Verdict;
  readonly snapshot: SnapshotPart;
  readonly dump: DumpPart;
  readonly dumps: readonly DatabaseDump[];
  readonly finishedAt: string;
  readonly bucket: string;
}

/** Deterministic: the same parts give the same manifest, so that recording twice is harmless. */
export function buildManifest({ run, verdict, snapshot, dump, dumps, finishedAt, bucket }: ManifestParts): Manifest {
  return {
    format: MANIFEST_FORMAT,
    source: run.source,
    run: run.run,
    label: run.label,
    trigger: run.trigger,
    startedAt: run.startedAt,
    finishedAt,
    verdict,
    server: run.outcome?.server ?? null,
    snapshot: snapshot.status === 'available' ? snapshot.snapshot : null,
    dumps: dumps.map((database) => ({ ...database, restore: restoreCommands(database, bucket) })),
    verification:
      dump.status === 'verified' && dumps.length > 0
        ? { at: dump.verified.at, by: 'VerifyDump', objects: dump.verified.objects }
        : null,
    restoreTests: [],
  };
}
