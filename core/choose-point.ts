/** Which recovery point is meant, among the runs of a source. */
import { HoldfastError } from './errors.ts';
import { formatTime } from './format.ts';
import type { DatabaseDump } from './manifest.ts';
import { LATEST } from './restore-input.ts';
import { counts, toPoint } from './retention/recovery-point.ts';
import type { RunRow } from './run-record.ts';

export interface WantedPoint {
  readonly source: string;
  /** `latest`, the name of a run, or an ISO-8601 time. */
  readonly recoveryPoint: string;
  /** The database that it must hold; undefined: it may hold any. */
  readonly database: string | undefined;
}

const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** What a word for a recovery point means. @throws InvalidInput for a time without its offset */
export function kindOfPoint(recoveryPoint: string): 'latest' | 'time' | 'run' {
  if (recoveryPoint === LATEST) return 'latest';
  const time = TIME.exec(recoveryPoint);
  if (!time) return 'run';
  if (time[1] !== undefined && !Number.isNaN(Date.parse(recoveryPoint))) return 'time';
  throw new HoldfastError(
    'InvalidInput',
    `recoveryPoint ${recoveryPoint} is no moment: write a time with its offset, such as 2025-11-21T14:05:00Z`,
  );
}

/**
 * The point that is meant. A time means the newest verified point whose data is of that moment or older; a run that is
 * named need not be verified, but it must have a dump.
 * @param newestFirst runs of the source
 * @throws RecoveryPointNotFound, InvalidInput
 */
export async function choosePoint(wanted: WantedPoint, newestFirst: AsyncIterable<RunRow>): Promise<RunRow> {
  const kind = kindOfPoint(wanted.recoveryPoint);
  const untilMs = kind === 'time' ? Date.parse(wanted.recoveryPoint) : Infinity;
  for await (const run of newestFirst) {
    if (kind === 'run' && run.run !== wanted.recoveryPoint) continue;
    if (kind === 'run') return requireDump(run);
    if (isVerified(run) && holds(run, wanted.database) && dataTimeMs(run, wanted.database) <= untilMs) return run;
  }
  throw notFound(wanted, kind);
}

/** Verified by a second party or accepted by a person, with its dump still there. */
export function isVerified(run: RunRow): boolean {
  const point = toPoint(run);
  return point !== undefined && counts(point) && run.dumpDeletedAt === undefined && (run.dumps ?? []).length > 0;
}

/** The verified points that began at `since` or later, at least one. @throws RecoveryPointNotFound */
export async function pointsSince(
  source: string,
  newestFirst: AsyncIterable<RunRow>,
  since: string,
): Promise<readonly RunRow[]> {
  const points: RunRow[] = [];
  for await (const run of newestFirst) {
    if (run.startedAt < since) break;
    if (isVerified(run)) points.push(run);
  }
  if (points.length > 0) return points;
  const message = `source ${source} has no verified recovery point since ${formatTime(since)}`;
  throw new HoldfastError('RecoveryPointNotFound', message);
}

/** Each order is as likely as any other. @param random as Math.random */
export function inRandomOrder<Item>(items: readonly Item[], random: () => number): Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}

/**
 * The dump of the database that is meant; without a name the only one there is.
 * @throws InvalidInput where a name is needed, DatabaseNotFound: both list the databases
 */
export function chooseDump(run: RunRow, database: string | undefined): DatabaseDump {
  const dumps = run.dumps ?? [];
  const names = dumps.map((dump) => dump.database).join(', ');
  const [only, ...others] = dumps;
  if (database === undefined && only && others.length === 0) return only;
  if (database === undefined) {
    throw new HoldfastError('InvalidInput', `database is required: recovery point ${run.run} holds ${names}`);
  }
  const dump = dumps.find((each) => each.database === database);
  if (dump) return dump;
  throw new HoldfastError(
    'DatabaseNotFound',
    `recovery point ${run.run} holds no database "${database}" (it holds ${names})`,
  );
}

/** The moment that the data is of: the latest of its snapshots. */
function dataTimeMs(run: RunRow, database: string | undefined): number {
  const dumps = (run.dumps ?? []).filter((dump) => database === undefined || dump.database === database);
  return Math.max(...dumps.map(({ snapshotAt }) => Date.parse(snapshotAt)));
}

const holds = (run: RunRow, database: string | undefined): boolean =>
  database === undefined || (run.dumps ?? []).some((dump) => dump.database === database);

/** @returns the same run @throws RecoveryPointNotFound where nothing of it can be read, with the reason */
export function requireDump(run: RunRow): RunRow {
  const problem = problemOf(run);
  if (problem === undefined) return run;
  throw new HoldfastError('RecoveryPointNotFound', `run ${run.run} of source ${run.source} ${problem}`);
}

function problemOf(run: RunRow): string | undefined {
  if (run.deletedAt !== undefined || run.dumpDeletedAt !== undefined) return 'was removed by retention';
  if (run.deleting !== undefined) return 'is being removed by retention';
  if (run.status === 'running') return 'is still running';
  if (run.dumps && run.dumps.length > 0) return undefined;
  return run.verdict === 'snapshot-only' ? 'made an RDS snapshot and no dump' : 'left no dump';
}

function notFound({ source, recoveryPoint, database }: WantedPoint, kind: 'latest' | 'time' | 'run'): HoldfastError {
  const of = database === undefined ? '' : ` that holds database "${database}"`;
  const what = {
    latest: `source ${source} has no verified recovery point${of}`,
    time: `source ${source} has no verified recovery point${of} with data of ${recoveryPoint} or older`,
    run: `source ${source} has no run ${recoveryPoint}`,
  };
  return new HoldfastError('RecoveryPointNotFound', what[kind]);
}
