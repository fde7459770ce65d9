/** The archives of one database: which there are, and one pg_dump for each, all at once on the snapshot of the holder. */
import { availableParallelism } from 'node:os';
import { dataBytesOf, jobsFor, planArchives, type PlannedArchive } from '../core/postgres/plan-archives.ts';
import type { DumpContext, DumpWork } from './dump-context.ts';
import { log } from './log.ts';
import { namingBlocked, type BlockedWatch } from './postgres/blocked-ddl.ts';
import { largeObjectBytes } from './postgres/large-objects.ts';
import { freeLocks, locksOfPgDump, requireLocks } from './postgres/lock-room.ts';
import { runPgDump, type PgDumpJob } from './postgres/pg-dump.ts';
import type { SnapshotHolder } from './postgres/snapshot.ts';
import { describeWaits } from './postgres/waits.ts';
import { together } from './together.ts';
import { watchStall } from './watchdog.ts';

export interface DatabasePlan {
  readonly archives: readonly PlannedArchive[];
  /** On the server's disk. */
  readonly largeObjectBytes: number;
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
  const data = { relations, largeObjectBytes: await largeObjectBytes(session), encoding };
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
 * @throws what runPgDump and uploads throw, DumpStalled
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
    for (const { role, file, selection } of plan.archives) {
      begun.push({ selection, upload: await work.begin(role, file), ...meter.archive() });
    }
    const dumps = begun.map((archive) => dumpArchive(job, archive));
    const warnings = [...new Set((await together(work.failure, dumps)).flat())];
    if (warnings.length > 0) log('warn', 'pg_dump warned', { database, warnings });
    return warnings;
  } finally {
    stall.stop();
  }
}

type Archive = Pick<PgDumpJob, 'selection' | 'upload' | 'onMoved' | 'onBlock'>;

async function dumpArchive(
  { context, database, holder, work, watch }: ArchivesJob,
  archive: Archive,
): Promise<string[]> {
  const { client, server, dump, applicationName } = context;
  const job = { client, server, database, snapshot: holder.snapshot, dump, applicationName, signal: work.signal };
  const warnings = await runPgDump({ ...job, ...archive }).catch((error: unknown) => {
    throw namingBlocked(error, watch);
  });
  await archive.upload.finish();
  return warnings;
}
