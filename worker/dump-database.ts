/** One database: everything of it is dumped and uploaded from one snapshot, then becomes visible together. */
import type { Dump } from '../core/config/schema.ts';
import { toFailure } from '../core/errors.ts';
import type { Totals } from '../core/manifest.ts';
import type { DatabaseOutcome } from '../core/run-record.ts';
import { abortAll, completeAll } from './commit.ts';
import { dumpArchives, planDatabase } from './dump-archives.ts';
import type { DumpContext, DumpWork } from './dump-context.ts';
import { log } from './log.ts';
import { watchBlocked, type BlockedWatch } from './postgres/blocked-ddl.ts';
import { databaseFacts, type DatabaseFacts } from './postgres/database-facts.ts';
import { collectEvidence, type CollectedEvidence } from './postgres/evidence.ts';
import { endLeftovers } from './postgres/leftovers.ts';
import { portableRoles } from './postgres/roles.ts';
import { countTables } from './postgres/relations.ts';
import { holdSnapshot, type SnapshotHolder } from './postgres/snapshot.ts';
import { together } from './together.ts';
import { uploadEvidence, type DumpEvidence } from './dump-evidence.ts';
import { startUpload, type Upload } from './upload.ts';

/** A dump that DDL of others got in the way of gives them its locks and begins again. */
const ATTEMPTS_MAX = 4;

/** Ends in a value: what fails here does not stop the next database. */
export async function dumpDatabase(context: DumpContext, database: string): Promise<DatabaseOutcome> {
  const openUploads: string[] = [];
  const beganAgain: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const { outcome, isBehindDdl, left } = await dumpOnce(context, database);
    openUploads.push(...left);
    if (outcome.status === 'dumped')
      return { ...outcome, warnings: [...outcome.warnings, ...beganAgain, ...told(openUploads)] };
    const { failure } = outcome;
    if (!isBehindDdl || attempt === ATTEMPTS_MAX)
      return { ...outcome, failure: { ...failure, message: [failure.message, ...told(openUploads)].join('; and ') } };
    log('warn', 'the dump begins again', { database, attempt, failure });
    beganAgain.push(`the dump began again: ${failure.message}`);
  }
}

/** What stays open costs until S3's own rule ends it, whether or not a later attempt went well. */
function told(openUploads: readonly string[]): string[] {
  return openUploads.length === 0 ? [] : [`uploads stay open: ${openUploads.join('; ')}`];
}

interface Attempt {
  readonly outcome: DatabaseOutcome;
  /** It failed because pg_dump queued behind somebody who waited for the holder's locks, which are gone now. */
  readonly isBehindDdl: boolean;
  /** Why uploads of it stay open, of each that does. */
  readonly left: readonly string[];
}

async function dumpOnce(context: DumpContext, database: string): Promise<Attempt> {
  const work = beginWork(context, database);
  const locks = { areHeld: false };
  try {
    const dumped = await dumpWatched(context, database, work, () => {
      locks.areHeld = true;
    });
    context.progress.update({ phase: 'committing' });
    await context.confirmOpen();
    work.signal.throwIfAborted();
    const objects = await completeAll(work.uploads);
    const outcome = { status: 'dumped', database, client: context.client.name, ...dumped, objects } as const;
    return { outcome, isBehindDdl: false, left: [] };
  } catch (error) {
    work.failure.abort(error);
    // What failed because something else had ended it is not the reason.
    const failure = toFailure(work.signal.reason);
    const [left] = await Promise.all([
      abortAll(work.uploads),
      endLeftovers(context.server, database, context.applicationName),
    ]);
    const mayBeginAgain = locks.areHeld && context.dump.onBlockedDdl === 'warn' && !context.signal.aborted;
    return {
      outcome: { status: 'failed', database, failure },
      isBehindDdl: mayBeginAgain && failure.code === 'LockTimeout',
      left,
    };
  }
}

function beginWork(context: DumpContext, database: string): DumpWork {
  const failure = new AbortController();
  const signal = AbortSignal.any([context.signal, failure.signal]);
  const uploads: Upload[] = [];
  return {
    failure,
    signal,
    uploads,
    begin: async (role, file) => {
      const target = { bucket: context.bucket, key: context.keyOf(database, file), role };
      const upload = await startUpload(target, context.pool, signal, (sizeBytes) => {
        context.progress.addBytes(sizeBytes);
      });
      uploads.push(upload);
      return upload;
    },
  };
}

interface Dumped extends DatabaseFacts {
  readonly snapshotAt: string;
  readonly warnings: string[];
  readonly totals: Totals;
}

/**
 * From before the first lock until the last one is given back, others are looked for who wait for the dump: the holder may
 * have to wait for a lock itself, with those that it has.
 * @param onHeld told when there is a snapshot
 */
async function dumpWatched(
  context: DumpContext,
  database: string,
  work: DumpWork,
  onHeld: () => void,
): Promise<Dumped> {
  const { server, dump, applicationName } = context;
  const options = { database, applicationName, signal: work.signal };
  const watch = await watchBlocked(server, options, dump.onBlockedDdl, (error) => {
    work.failure.abort(error);
  });
  try {
    const holder = await holdSnapshot(server, dump, options);
    onHeld();
    const dumped = await dumpSnapshot(context, database, holder, work, watch);
    return { ...dumped, warnings: [...dumped.warnings, ...watch.warnings()] };
  } finally {
    await watch.stop();
  }
}

/** Until here nothing is visible; afterwards S3 holds every byte. Closes the holder. */
async function dumpSnapshot(
  context: DumpContext,
  database: string,
  holder: SnapshotHolder,
  work: DumpWork,
  watch: BlockedWatch,
): Promise<Dumped> {
  try {
    const facts = await databaseFacts(holder.session);
    const plan = await planDatabase(context, holder, facts.encoding);
    const [warnings, { roles, evidence }] = await together(work.failure, [
      dumpArchives({ context, database, holder, plan, work, watch }),
      describe(holder, context.dump.evidence),
    ]);
    await uploadText(await work.begin('roles', 'roles.sql'), roles);
    await uploadEvidence(await work.begin('evidence', 'evidence.json.gz'), evidence);
    await holder.proveAlive();
    return {
      ...facts,
      snapshotAt: holder.takenAt,
      warnings: [...plan.warnings, ...holder.warnings, ...warnings],
      totals: totalsOf(holder, evidence),
    };
  } finally {
    await holder.close();
  }
}

interface Description {
  readonly roles: string;
  readonly evidence: DumpEvidence;
}

async function describe(
  { session, relations, leftOut }: SnapshotHolder,
  wanted: Dump['evidence'],
): Promise<Description> {
  const roles = await portableRoles(session);
  return { roles, evidence: { ...(await collectEvidence(session, relations, wanted)), leftOut } };
}

async function uploadText(upload: Upload, text: string): Promise<void> {
  await upload.write(Buffer.from(text));
  await upload.finish();
}

function totalsOf({ relations }: SnapshotHolder, { tables, sequences, largeObjects }: CollectedEvidence): Totals {
  let rows = 0;
  for (const table of tables) rows += table.rows;
  return { tables: countTables(relations), rows, sequences: sequences.length, largeObjects: largeObjects.count };
}
