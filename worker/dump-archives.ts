/** The archives of one database: which there are, and one pg_dump for each, all at once on the snapshot of the holder. */
import { availableParallelism } from 'node:os';
import { HoldfastError } from '../core/errors.ts';
import type { OnBlock } from '../core/postgres/archive-walker.ts';
import { DumpedTables } from '../core/postgres/dumped-tables.ts';
import { dataBytesOf, jobsFor, planArchives, type PlannedArchive } from '../core/postgres/plan-archives.ts';
import type { DumpContext, DumpWork } from './dump-context.ts';
import { log } from './log.ts';
import { namingBlocked, type BlockedWatch } from './postgres/blocked-ddl.ts';
import { largeObjectBytes } from './postgres/large-objects.ts';
import { freeLocks, locksOfPgDump, requireLocks } from './postgres/lock-room.ts';
import { runPgDump, type FinishedDump, type PgDumpJob } from './postgres/pg-dump.ts';
import type { SnapshotHolder } from './postgres/snapshot.ts';
import { describeWaits } from './postgres/waits.ts';
import { together } from './together.ts';
import { watchStall } from './watchdog.ts';

export interface DatabasePlan {
  readonly archives: readonly PlannedArchive[];
  /** On the server's disk. */
  readonly largeObjectBytes: number;
  /** Of the database, as `pg_encoding_to_char` gives it. */
  readonly encoding: string;
  /** What of the configuration is not done as it says. */
  readonly warnings: readonly string[];
}

/**
 * @param encoding of the database
 * @throws DumpFailed when the server has no room for the locks of so many jobs; `auto` is one archive then
 */
export async function planDatabase(
  { dump, jobsMax }: Pick<DumpContext, 'dump' | 'jobsMax'>,
  { session, relations }: Pick<SnapshotHolder, 'session' | 'relations'>,
  encoding: string,
): Promise<DatabasePlan> {
  const warnings = fewerJobsWarning(dump.jobs, jobsMax);
  const data = { relations, largeObjectBytes: await largeObjectBytes(session), encoding, warnings };
  const jobs = Math.min(jobsMax, jobsFor(dump.jobs, dataBytesOf(data), availableParallelism()));
  const archives = planArchives({ ...data, jobs });
  // The holder has seen to it that there is room for the locks of one pg_dump.
  if (archives.length === 1) return { ...data, archives };
  const locks = archives.reduce((sum, { lockedTables }) => sum + locksOfPgDump(lockedTables), 0);
  if (dump.jobs === 'auto' && (await freeLocks(session)) < locks) {
    log('warn', 'the server has no room for the locks of a parallel dump: it becomes one archive', { locks });
    return { ...data, archives: planArchives({ ...data, jobs: 1 }) };
  }
  await requireLocks(session, locks);
  return { ...data, archives };
}

function fewerJobsWarning(jobs: number | 'auto', jobsMax: number): string[] {
  if (jobs === 'auto' || jobs <= jobsMax) return [];
  return [
    `dump.jobs is ${jobs}, but the run has room to record ${jobsMax} for each database of this source: dumped so`,
  ];
}

export interface ArchivesJob {
  readonly context: DumpContext;
  readonly database: string;
  readonly holder: SnapshotHolder;
  readonly plan: DatabasePlan;
  readonly work: DumpWork;
  readonly watch: BlockedWatch;
}

/**
 * Starts all of them at once: a pg_dump that starts later would queue behind DDL that waits for the holder, for ever.
 * @returns the warnings of all, each once
 * @throws what runPgDump and uploads throw, DumpStalled, DumpFailed when the rows of a table are missing
 */
export async function dumpArchives(job: ArchivesJob): Promise<string[]> {
  const { context, database, holder, plan, work } = job;
  const meter = context.progress.beginDatabase({
    archives: plan.archives.length,
    tables: holder.relations,
    otherBytes: plan.largeObjectBytes,
  });
  const describe = (): Promise<string> => describeWaits(context.server, database, context.applicationName);
  const stall = watchStall({ ...context, describeWaits: describe }, (error) => {
    work.failure.abort(error);
  });
  try {
    const begun: Archive[] = [];
    const tables = new DumpedTables(plan.encoding);
    for (const { role, file, selection } of plan.archives) {
      const { onMoved, onBlock } = meter.archive();
      const onTable: OnBlock = (name, table) => {
        if (table) tables.add(table);
        onBlock(name, table);
      };
      begun.push({ selection, upload: await work.begin(role, file), onMoved, onBlock: onTable });
    }
    const dumps = await together(
      work.failure,
      begun.map((archive) => dumpArchive(job, archive)),
    );
    if (dumps.every(({ isWalked }) => isWalked)) requireAllTables(tables, holder);
    const warnings = [...new Set(dumps.flatMap((dump) => dump.warnings))];
    if (warnings.length > 0) log('warn', 'pg_dump warned', { database, warnings });
    return warnings;
  } finally {
    stall.stop();
  }
}

/** What pg_dump selects is its own doing: here it is compared with what was locked and counted. */
function requireAllTables(tables: DumpedTables, { relations }: SnapshotHolder): void {
  const problem = tables.problem(relations);
  if (problem !== undefined)
    throw new HoldfastError('DumpFailed', `pg_dump exited with code 0, but the archives ${problem}`);
}

type Archive = Pick<PgDumpJob, 'selection' | 'upload' | 'onMoved' | 'onBlock'>;

async function dumpArchive(
  { context, database, holder, work, watch }: ArchivesJob,
  archive: Archive,
): Promise<FinishedDump> {
  const { client, server, dump, applicationName } = context;
  const job = { client, server, database, snapshot: holder.snapshot, dump, applicationName, signal: work.signal };
  const dumped = await runPgDump({ ...job, ...archive }).catch((error: unknown) => {
    throw namingBlocked(error, watch);
  });
  await archive.upload.finish();
  return dumped;
}
