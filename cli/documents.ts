/**
 * What `--json` prints: one document a command, in shapes that only ever grow. Times are ISO-8601 UTC, sizes bytes;
 * what is not known or not there is null, never absent.
 */
import { consoleUrl } from '../core/console-url.ts';
import { runPrefix, UNKNOWN_SOURCE } from '../core/keys.ts';
import type {
  DatabaseDump,
  Manifest,
  RestoreTestEntry,
  Snapshot,
  StoredObject,
  Totals,
  Verdict,
  Verification,
} from '../core/manifest.ts';
import type { Trigger } from '../core/run-input.ts';
import type { Progress, Remark, RunRow } from '../core/run-record.ts';
import { withHint, type Problem } from './problem.ts';

/** Objects of a run that S3 keeps in one storage class. */
export interface StoredIn {
  /** As S3 spells it; null: S3 no longer holds them. */
  readonly storageClass: string | null;
  readonly objects: number;
  readonly sizeBytes: number;
}

/** A run in `runs` of `holdfast list --json`. */
export interface RunSummary {
  /** null: the input named no source that is configured. */
  readonly source: string | null;
  readonly run: string;
  readonly status: RunRow['status'];
  readonly verdict: Verdict | null;
  readonly label: string | null;
  readonly trigger: Trigger;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly databases: number;
  readonly tables: number;
  readonly rows: number;
  readonly sizeBytes: number;
  /** Where its objects are, most bytes first; those in an archive have to be thawed before a restore. */
  readonly storage: readonly StoredIn[];
  readonly snapshot: Snapshot | null;
  readonly failure: Problem | null;
  /** The newest restore test of it; null: it was never tested. */
  readonly tested: RestoreTestEntry | null;
  /** Nothing of it is removed: who said so, and why. */
  readonly hold: Remark | null;
  /** It counts although it is suspect: who said so, and why. */
  readonly accepted: Remark | null;
  /** Since when retention has been removing its objects, and what it was before; it may lack some of them. */
  readonly removing: {
    readonly since: string;
    readonly verdict: Verdict | null;
    readonly reasons: readonly string[];
  } | null;
  /** When retention had removed the last of it, and what it was before. */
  readonly removed: {
    readonly at: string;
    readonly verdict: Verdict | null;
    readonly reasons: readonly string[];
  } | null;
}

/** One database of a run. */
export interface DumpDocument {
  readonly database: string;
  readonly client: string;
  readonly snapshotAt: string;
  readonly sizeBytes: number;
  readonly totals: Totals;
  readonly warnings: readonly string[];
  readonly objects: readonly (StoredObject & {
    /** As S3 spells it; null: S3 no longer holds the object. */
    readonly storageClass: string | null;
  })[];
  /** Commands that restore it with stock tools; empty when manifest.json is gone. */
  readonly restore: readonly string[];
}

/** `holdfast show --json`, and `recoveryPoint` of `holdfast backup --json`. */
export interface RunDocument extends RunSummary {
  readonly executionArn: string;
  readonly console: string | null;
  readonly serverVersion: string | null;
  readonly bucket: string;
  /** Where the objects of the run are, if it left some. */
  readonly prefix: string;
  readonly dumps: readonly DumpDocument[];
  /** Databases that were due and have no verified dump. */
  readonly failedDatabases: readonly { readonly database: string; readonly failure: Problem }[];
  readonly verification: Verification | null;
  /** Oldest first. */
  readonly restoreTests: readonly RestoreTestEntry[];
  /** Of a run that is active. */
  readonly progress: Progress | null;
}

/** `holdfast backup --json`; after a failure it also has `error`. */
export interface BackupDocument {
  readonly run: string;
  readonly source: string | null;
  readonly executionArn: string;
  readonly console: string | null;
  readonly status: 'running' | 'succeeded' | 'failed' | 'aborted' | 'duplicate';
  readonly verdict: Verdict | null;
  /** The execution that does, or has done, the same scheduled slot. */
  readonly duplicateOf: string | null;
  /** What the run left; null when it left no backup, or when nobody waited for it. */
  readonly recoveryPoint: RunDocument | null;
}

/** By key; an object that S3 no longer holds is not in it. */
export type StorageClasses = ReadonlyMap<string, string>;

export function summarize(run: RunRow, storageClasses: StorageClasses): RunSummary {
  const { dumps, verdict } = contentOf(run);
  const sum = (value: (dump: DatabaseDump) => number): number => dumps.reduce((total, dump) => total + value(dump), 0);
  return {
    source: run.source === UNKNOWN_SOURCE ? null : run.source,
    run: run.run,
    status: run.status,
    verdict,
    label: run.label,
    trigger: run.trigger,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt ?? null,
    databases: dumps.length,
    tables: sum(({ totals }) => totals.tables),
    rows: sum(({ totals }) => totals.rows),
    sizeBytes: sum(sizeOf),
    storage: storageOf(dumps, storageClasses),
    snapshot: run.snapshot ?? null,
    failure: run.failure ? withHint(run.failure) : null,
    tested: run.restoreTests?.at(-1) ?? null,
    hold: run.hold ?? null,
    accepted: run.accepted ?? null,
    removing: removingOf(run),
    removed: removalOf(run),
  };
}

function storageOf(dumps: readonly DatabaseDump[], storageClasses: StorageClasses): StoredIn[] {
  const found = new Map<string | null, StoredIn>();
  for (const { key, sizeBytes } of dumps.flatMap(({ objects }) => objects)) {
    const storageClass = storageClasses.get(key) ?? null;
    const before = found.get(storageClass) ?? { objects: 0, sizeBytes: 0 };
    const [objects, bytes] = [before.objects + 1, before.sizeBytes + sizeBytes];
    found.set(storageClass, { storageClass, objects, sizeBytes: bytes });
  }
  return [...found.values()].sort((a, b) => b.sizeBytes - a.sizeBytes);
}

interface Content {
  readonly dumps: readonly DatabaseDump[];
  readonly verdict: Verdict | null;
  readonly verification: Verification | null;
}

/** While its objects are being removed a run is no backup any more, whatever its row still says. */
function contentOf({ deleting, dumps, verdict, verification }: RunRow): Content {
  if (deleting !== undefined) return { dumps: [], verdict: null, verification: null };
  return { dumps: dumps ?? [], verdict: verdict ?? null, verification: verification ?? null };
}

function removingOf({ deleting, verdict, removalReasons }: RunRow): RunSummary['removing'] {
  return deleting === undefined ? null : { since: deleting, verdict: verdict ?? null, reasons: removalReasons ?? [] };
}

function removalOf({ deletedAt, deletedVerdict, removalReasons }: RunRow): RunSummary['removed'] {
  return deletedAt === undefined
    ? null
    : { at: deletedAt, verdict: deletedVerdict ?? null, reasons: removalReasons ?? [] };
}

export interface RunDetails {
  readonly run: RunRow;
  readonly bucket: string;
  readonly manifest: Manifest | undefined;
  readonly progress: Progress | undefined;
  readonly storageClasses: StorageClasses;
}

export function describeRun(details: RunDetails): RunDocument {
  const { run, bucket, progress, storageClasses } = details;
  const { dumps, verification } = contentOf(run);
  return {
    ...summarize(run, storageClasses),
    executionArn: run.executionArn,
    console: consoleLink(run.executionArn),
    serverVersion: run.server?.version ?? null,
    bucket,
    prefix: runPrefix(run),
    dumps: dumps.map((dump) => describeDump(dump, details)),
    failedDatabases: (run.failedDatabases ?? []).map(({ database, failure }) => ({
      database,
      failure: withHint(failure),
    })),
    verification,
    restoreTests: run.restoreTests ?? [],
    progress: progress ?? null,
  };
}

function describeDump(dump: DatabaseDump, { manifest, storageClasses }: RunDetails): DumpDocument {
  const { database, client, snapshotAt, totals, warnings } = dump;
  const objects = dump.objects.map((object) => ({ ...object, storageClass: storageClasses.get(object.key) ?? null }));
  const restore = manifest?.dumps.find((each) => each.database === database)?.restore ?? [];
  return { database, client, snapshotAt, sizeBytes: sizeOf(dump), totals, warnings, objects, restore };
}

function sizeOf({ objects }: DatabaseDump): number {
  return objects.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}

/** The console shows executions of AWS itself, not of another endpoint that speaks its language. */
export function consoleLink(executionArn: string): string | null {
  const elsewhere = process.env['AWS_ENDPOINT_URL_SFN'] ?? process.env['AWS_ENDPOINT_URL'];
  return elsewhere === undefined || elsewhere === '' ? (consoleUrl(executionArn) ?? null) : null;
}
