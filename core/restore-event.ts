/** A restore or a restore test as an event for programs: small, with totals only. */
import { consoleUrl } from './console-url.ts';
import type { Failure } from './errors.ts';
import { EVENT_FORMAT, shortened } from './message-event.ts';
import type { MessageOutcome } from './message-input.ts';
import type { RestoredDatabase, RestoreRow, RestoreTestRow, RestoringRow } from './restore-record.ts';
import type { Trigger } from './run-input.ts';

export interface RestoreEvent {
  readonly format: typeof EVENT_FORMAT;
  readonly kind: 'restore' | 'restore-test';
  readonly outcome: MessageOutcome;
  readonly source: string;
  /** Name of the restore's own execution. */
  readonly run: string;
  readonly trigger: Trigger;
  readonly executionArn: string;
  readonly console: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Run that left the recovery point; null: it was refused before one was chosen. */
  readonly point: string | null;
  readonly failure: Failure | null;
  /** Where a restore went; null for a restore test, and where it was never reached. */
  readonly target: { readonly host: string; readonly port: number; readonly database: string } | null;
  readonly targetState: 'untouched' | 'partial' | 'complete' | null;
  /** Of a restore test the recovery time that was measured. */
  readonly seconds: number | null;
  readonly rtoSeconds: number | null;
  readonly rtoExceeded: boolean;
  readonly databases: readonly {
    readonly database: string;
    readonly failure: Failure | null;
    readonly seconds: number | null;
    readonly tables: number;
    readonly rows: number;
    readonly differences: number;
  }[];
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

export function toRestoreEvent(row: RestoringRow, outcome: MessageOutcome): RestoreEvent {
  return {
    format: EVENT_FORMAT,
    kind: row.kind,
    outcome,
    source: row.source,
    run: row.run,
    trigger: row.trigger,
    executionArn: row.executionArn,
    console: consoleUrl(row.executionArn) ?? null,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt ?? null,
    point: row.plan?.point.run ?? null,
    failure: row.failure ? shortened(row.failure) : null,
    ...(row.kind === 'restore' ? ofRestore(row) : ofTest(row)),
  };
}

type OfKind = Pick<
  RestoreEvent,
  'target' | 'targetState' | 'seconds' | 'rtoSeconds' | 'rtoExceeded' | 'databases' | 'checks'
>;

function ofRestore({ outcome }: RestoreRow): OfKind {
  const target = outcome?.target;
  return {
    target: target ? { host: target.host, port: target.port, database: target.database } : null,
    targetState: outcome?.targetState ?? null,
    seconds: outcome?.restored?.timings?.totalSeconds ?? null,
    rtoSeconds: null,
    rtoExceeded: false,
    databases: outcome?.restored ? [ofDatabase(outcome.restored)] : [],
    checks: [],
  };
}

function ofTest({ plan, outcome }: RestoreTestRow): OfKind {
  return {
    target: null,
    targetState: null,
    seconds: outcome?.seconds ?? null,
    rtoSeconds: plan?.rtoSeconds ?? null,
    rtoExceeded: exceedsRto(outcome?.seconds ?? null, plan?.rtoSeconds ?? null),
    databases: (outcome?.databases ?? []).map(ofDatabase),
    checks: (outcome?.checks ?? []).map(({ name, passed }) => ({ name, passed })),
  };
}

function ofDatabase(restored: RestoredDatabase): RestoreEvent['databases'][number] {
  return {
    database: restored.database,
    failure: restored.failure && shortened(restored.failure),
    seconds: restored.timings?.totalSeconds ?? null,
    tables: restored.compared?.tables ?? 0,
    rows: restored.compared?.rows ?? 0,
    differences: restored.differences.length + restored.differencesOmitted,
  };
}

/** Whether a measured recovery time misses its target; without a target nothing does. */
export function exceedsRto(seconds: number | null, rtoSeconds: number | null): boolean {
  return seconds !== null && rtoSeconds !== null && seconds > rtoSeconds;
}
