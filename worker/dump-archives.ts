/** The archives of one database: which there are, and one pg_dump for each, all at once on the snapshot of the holder. */
import { availableParallelism } from 'node:os';
import { HoldfastError } from '../core/errors.ts';
import type { OnBlock } from '../core/postgres/archive-walker.ts';
import { DumpedTables } from '../core/postgres/dumped-tables.ts';
import { dataBytesOf, jobsFor, planArchives, type PlannedArchive } from '../core/postgres/plan-archives.ts';
import type { DumpContext, DumpWork } from './dump-context.ts';
import { log } from './log.ts';
import { namingBlocked, type BlockedWatch } from './postgres/blocked-ddl.ts';
import { readLargeObjects, type LargeObjects } from './postgres/large-objects.ts';
import { freeLocks, locksOfPgDump, requireLocks } from './postgres/lock-room.ts';
import { runPgDump, type FinishedDump, type PgDumpJob } from './postgres/pg-dump.ts';
import type { SnapshotHolder } from './postgres/snapshot.ts';
import { unreadableSince } from './postgres/unreadable-since.ts';
import { describeWaits } from './postgres/waits.ts';
import { together } from './together.ts';
import { watchStall } from './watchdog.ts';

export interface DatabasePlan {
  readonly archives: readonly PlannedArchive[];
  readonly largeObjects: LargeObjects;
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
  const largeObjects = await readLargeObjects(session);
  const data = { relations, largeObjectBytes: largeObjects.bytesOnDisk, encoding };
  const jobs = Math.min(jobsMax, jobsFor(dump.jobs, dataBytesOf(data), availableParallelism()));
  const archives = planArchives({ ...data, jobs });
  const plan = { archives, largeObjects, encoding, warnings };
  // The holder has seen to it that there is room for the locks of one pg_dump.
  if (archives.length === 1) return plan;
  const locks = archives.reduce((sum, { lockedTables }) => sum + locksOfPgDump(lockedTables), 0);
  if (dump.jobs === 'auto' && (await freeLocks(session)) < locks) {
    log('warn', 'the server has no room for the locks of a parallel dump: it becomes one archive', { locks });
    return { ...plan, archives: planArchives({ ...data, jobs: 1 }) };
  }
  await requireLocks(session, locks);
  return plan;
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
 * @throws what runPgDump and uploads throw, DumpStalled, DumpFailed when the rows of a table or a large object are missing
 */
export async function dumpArchives(job: ArchivesJob): Promise<string[]> {
  const { context, database, holder, plan, work } = job;
  const meter = context.progress.beginDatabase({
    tables: holder.relations,
    otherBytes: plan.largeObjects.bytesOnDisk,
  });
  const describe = (): Promise<string> => describeWaits(context.server, database, context.applicationName);
  const stall = watchStall({ ...context, describeWaits: describe }, (error) => {
    work.failure.abort(error);
  });
  try {
    const begun: Archive[] = [];
    const dumped = { tables: new DumpedTables(plan.encoding), largeObjects: 0 };
    for (const { role, file, selection } of plan.archives) {
      const { onMoved, onBlock } = meter.archive();
      const onDumped: OnBlock = (name, table, objects) => {
        if (table) dumped.tables.add(table);
        dumped.largeObjects += objects;
        onBlock(name, table);
      };
      begun.push({ selection, upload: await work.begin(role, file), onMoved, onBlock: onDumped });
    }
    const dumps = await together(
      work.failure,
      begun.map((archive) => dumpArchive(job, archive)),
    );
    if (dumps.every(({ isWalked }) => isWalked)) requireAll(dumped, plan, holder);
    const warnings = [...new Set(dumps.flatMap((dump) => dump.warnings))];
    if (warnings.length > 0) log('warn', 'pg_dump warned', { database, warnings });
    return warnings;
  } finally {
    stall.stop();
  }
}

/** What pg_dump selects is its own doing: here it is compared with what was locked and counted. */
function requireAll(
  { tables, largeObjects }: { readonly tables: DumpedTables; readonly largeObjects: number },
  { largeObjects: due }: DatabasePlan,
  { relations }: SnapshotHolder,
): void {
  const problem =
    tables.problem(relations) ??
    (largeObjects === due.count ? undefined : `hold ${largeObjects} of ${due.count} large objects`);
  if (problem !== undefined)
    throw new HoldfastError('DumpFailed', `pg_dump exited with code 0, but the archives ${problem}`);
}

type Archive = Pick<PgDumpJob, 'selection' | 'upload' | 'onMoved' | 'onBlock'>;

async function dumpArchive(job: ArchivesJob, archive: Archive): Promise<FinishedDump> {
  const { context, database, holder, work } = job;
  const { client, server, dump, applicationName } = context;
  const ofDatabase = { client, server, database, snapshot: holder.snapshot, dump, applicationName };
  const dumped = await runPgDump({ ...ofDatabase, signal: work.signal, ...archive }).catch(async (error: unknown) => {
    throw await reasonOf(error, job);
  });
  await archive.upload.finish();
  return dumped;
}

/** What made pg_dump fail, where the server tells more of it than pg_dump. */
async function reasonOf(error: unknown, { context, database, holder, work, watch }: ArchivesJob): Promise<unknown> {
  const named = namingBlocked(error, watch);
  const isOfPgDump = error instanceof HoldfastError && (error.code === 'DumpFailed' || error.code === 'LockTimeout');
  if (named !== error || !isOfPgDump) return named;
  const { server, dump, applicationName } = context;
  const begun = { dump, relations: holder.relations };
  return (await unreadableSince(server, begun, { database, applicationName, signal: work.signal })) ?? error;
}
