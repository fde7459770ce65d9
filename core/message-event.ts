/** A run as an event for programs: small, with keys and totals only. */
import type { Failure } from './errors.ts';
import { consoleUrl } from './console-url.ts';
import { failedDatabasesOf } from './failed-databases.ts';
import { runPrefix } from './keys.ts';
import type { Totals, Verdict } from './manifest.ts';
import type { LatestPoint, MessageInput, MessageOutcome } from './message-input.ts';
import type { DatabaseFailure } from './run-record.ts';
import type { Trigger } from './run-input.ts';

export const EVENT_FORMAT = 'holdfast-event/1';

/** A message attribute and its text share 256 KiB with everything else that SNS carries. */
const EVENT_FAILURE_MAX_CHARS = 300;

export interface RunEvent {
  readonly format: typeof EVENT_FORMAT;
  readonly kind: 'backup';
  readonly outcome: MessageOutcome;
  readonly source: string;
  readonly run: string;
  readonly label: string | null;
  readonly trigger: Trigger;
  readonly executionArn: string;
  readonly console: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly verdict: Verdict | null;
  readonly failure: Failure | null;
  readonly failedDatabases: readonly DatabaseFailure[];
  readonly dumps: readonly {
    readonly database: string;
    readonly sizeBytes: number;
    readonly totals: Totals;
    readonly warnings: number;
  }[];
  readonly snapshot: { readonly kind: string; readonly identifier: string; readonly arn: string } | null;
  readonly objectsVerified: number;
  readonly bucket: string | null;
  /** Where the objects of the run are, if it left some. */
  readonly prefix: string;
  /** The newest verified recovery point of the source; null: none protects it. */
  readonly latestVerified: LatestPoint | null;
}

export function toEvent({ run, latest, bucket }: MessageInput, outcome: MessageOutcome): RunEvent {
  const { snapshot } = run;
  return {
    format: EVENT_FORMAT,
    kind: 'backup',
    outcome,
    source: run.source,
    run: run.run,
    label: run.label,
    trigger: run.trigger,
    executionArn: run.executionArn,
    console: consoleUrl(run.executionArn) ?? null,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt ?? null,
    verdict: run.verdict ?? null,
    failure: run.failure ? shortened(run.failure) : null,
    failedDatabases: failedDatabasesOf(run).map(({ database, failure }) => ({
      database,
      failure: shortened(failure),
    })),
    dumps: (run.dumps ?? []).map(({ database, objects, totals, warnings }) => ({
      database,
      sizeBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
      totals,
      warnings: warnings.length,
    })),
    snapshot: snapshot ? { kind: snapshot.kind, identifier: snapshot.identifier, arn: snapshot.arn } : null,
    objectsVerified: run.verification ? (run.dumps ?? []).flatMap(({ objects }) => objects).length : 0,
    bucket: bucket ?? null,
    prefix: runPrefix(run),
    latestVerified: latest && { run: latest.run, startedAt: latest.startedAt, finishedAt: latest.finishedAt },
  };
}

export function shortened({ code, message }: Failure): Failure {
  const isLong = message.length > EVENT_FAILURE_MAX_CHARS;
  return { code, message: isLong ? `${message.slice(0, EVENT_FAILURE_MAX_CHARS - 1)}…` : message };
}
