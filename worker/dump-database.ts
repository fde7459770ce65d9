/** One database: everything of it is dumped and uploaded from one snapshot, then becomes visible together. */
import { gzipSync } from 'node:zlib';
import type { DumpPlan, DatabaseOutcome } from '../core/run-record.ts';
import type { Evidence, ObjectRole, Totals } from '../core/manifest.ts';
import { abortAll, completeAll } from './commit.ts';
import { log } from './log.ts';
import type { PartPool } from './part-pool.ts';
import type { PgDumpClient } from './postgres/clients.ts';
import { databaseFacts, type DatabaseFacts } from './postgres/database-facts.ts';
import { countRows, describeDatabase } from './postgres/evidence.ts';
import { endLeftovers } from './postgres/leftovers.ts';
import { runPgDump } from './postgres/pg-dump.ts';
import { portableRoles } from './postgres/roles.ts';
import type { Server } from './postgres/server.ts';
import { holdSnapshot, type SnapshotHolder } from './postgres/snapshot.ts';
import type { ProgressMeter } from './progress.ts';
import { startUpload, type Upload } from './upload.ts';

export interface DumpContext {
  readonly server: Server;
  readonly client: PgDumpClient;
  readonly dump: DumpPlan['dump'];
  readonly bucket: string;
  readonly applicationName: string;
  readonly pool: PartPool;
  readonly progress: ProgressMeter;
  /** Aborted when the whole run has to end. */
  readonly signal: AbortSignal;
  keyOf(database: string, file: string): string;
  /** @throws Cancelled unless the run is still open */
  confirmOpen(): Promise<void>;
}

/** Ends in a value: what fails here does not stop the next database. */
export async function dumpDatabase(context: DumpContext, database: string): Promise<DatabaseOutcome> {
  const uploads: Upload[] = [];
  // Ends the dump when the count fails, and the count when the dump fails.
  const failure = new AbortController();
  const signal = AbortSignal.any([context.signal, failure.signal]);
  const begin = async (role: ObjectRole, file: string): Promise<Upload> => {
    const target = { bucket: context.bucket, key: context.keyOf(database, file), role };
    const upload = await startUpload(target, context.pool, signal, (sizeBytes) => {
      context.progress.addBytes(sizeBytes);
    });
    uploads.push(upload);
    return upload;
  };
  try {
    const dumped = await dumpSnapshot(context, database, { signal, failure, begin });
    context.progress.update({ phase: 'committing' });
    await context.confirmOpen();
    signal.throwIfAborted();
    return { status: 'dumped', database, client: context.client.name, ...dumped, objects: await completeAll(uploads) };
  } catch (error) {
    failure.abort(error);
    // What failed because something else had ended it is not the reason.
    const failed = await abortAll(uploads, signal.reason);
    await endLeftovers(context.server, database, context.applicationName);
    return { status: 'failed', database, failure: failed };
  }
}

interface Work {
  readonly signal: AbortSignal;
  readonly failure: AbortController;
  begin(role: ObjectRole, file: string): Promise<Upload>;
}

interface Dumped extends DatabaseFacts {
  readonly snapshotAt: string;
  readonly warnings: string[];
  readonly totals: Totals;
}

/** Until here nothing is visible; afterwards S3 holds every byte. */
async function dumpSnapshot(context: DumpContext, database: string, work: Work): Promise<Dumped> {
  const { server, dump, applicationName } = context;
  const options = { database, applicationName, signal: work.signal };
  const holder = await holdSnapshot(server, dump, options);
  try {
    const facts = await databaseFacts(holder.session);
    const roles = await portableRoles(holder.session);
    const description = await describeDatabase(holder.session, holder.relations);
    const [warnings, tables] = await together(work.failure, [
      dumpArchive(context, database, holder, work),
      dump.evidence === 'none' ? [] : countRows(holder.session, holder.relations),
    ]);
    const evidence: Evidence = { tables, ...description };
    await uploadWhole(await work.begin('roles', 'roles.sql'), Buffer.from(roles));
    await uploadWhole(await work.begin('evidence', 'evidence.json.gz'), gzipSync(JSON.stringify(evidence)));
    await holder.proveAlive();
    return { ...facts, snapshotAt: holder.takenAt, warnings, totals: totalsOf(holder, evidence) };
  } finally {
    await holder.close();
  }
}

/** The first failure ends the other through the signal; both have settled when this does. */
async function together<A, B>(failure: AbortController, [a, b]: [Promise<A>, Promise<B> | B]): Promise<[A, B]> {
  const tasks = [a, Promise.resolve(b)] as const;
  for (const task of tasks) {
    task.catch((error: unknown) => {
      failure.abort(error);
    });
  }
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

async function dumpArchive(
  context: DumpContext,
  database: string,
  holder: SnapshotHolder,
  work: Work,
): Promise<string[]> {
  const archive = await work.begin('archive', 'archive.dump');
  const { client, server, dump, applicationName } = context;
  const warnings = await runPgDump({
    client,
    server,
    database,
    snapshot: holder.snapshot,
    dump,
    selection: [],
    applicationName,
    signal: work.signal,
    upload: archive,
    onMoved: () => undefined,
  });
  await archive.finish();
  if (warnings.length > 0) log('warn', 'pg_dump warned', { database, warnings });
  return warnings;
}

async function uploadWhole(upload: Upload, content: Buffer): Promise<void> {
  await upload.write(content);
  await upload.finish();
}

function totalsOf(holder: SnapshotHolder, { tables, sequences, largeObjects }: Evidence): Totals {
  const roots = holder.relations
    .filter(({ kind }) => kind !== 'S')
    .map(({ rootSchema, rootName }) => `${rootSchema}\0${rootName}`);
  return {
    tables: new Set(roots).size,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    sequences: sequences.length,
    largeObjects: largeObjects.count,
  };
}
