/** What is in the archives, into the target database: definitions, rows, indexes, privileges. */
import { HoldfastError } from '../../../core/errors.ts';
import { withEdits, type TocEntry } from '../../../core/postgres/restore/archive-toc.ts';
import { dataEntries, recomputedViews, type DataScope } from '../../../core/postgres/restore/data-entries.ts';
import { freshRowEdits, freshTables } from '../../../core/postgres/restore/fresh-rows.ts';
import { adaptToPlatform, distinct } from '../../../core/postgres/restore/platform-differences.ts';
import type { Rights } from '../../../core/postgres/restore/rights.ts';
import { jobsFor } from '../../../core/postgres/restore/preflight.ts';
import { restoreSteps, type Step } from '../../../core/postgres/restore/restore-steps.ts';
import { completeSelection, rowKey, selectAll, type Selected } from '../../../core/postgres/restore/select-entries.ts';
import type { Difference } from '../../../core/restore-record.ts';
import type { Session } from '../session.ts';
import type { DataArchive } from './archives.ts';
import { runPgRestore, type RestoreTarget } from './pg-restore.ts';
import type { PreparedRestore, RestoreContext, RestoreRequest } from './prepare-restore.ts';
import { giveBack, lendCreate, takeRights, type Borrowed } from './roles.ts';

/** Rows and indexes at once: more would fight for the target's disk and processors. */
const JOBS_MAX = 4;

export interface ArchiveRestore {
  readonly context: RestoreContext;
  readonly request: RestoreRequest;
  readonly prepared: PreparedRestore;
  /** In the target database. */
  readonly session: Session;
  /** What is left in it has to be given back, also when the restore fails. */
  readonly borrowed: Borrowed;
  /** Times what is done for one phase. */
  readonly phase: <Result>(phase: 'restoring' | 'indexing', work: () => Promise<Result>) => Promise<Result>;
  /** When all rows are there, and row-level security is not yet on, which would hide them from their restorer. */
  readonly afterRows: (only: ReadonlySet<string> | undefined) => Promise<void>;
}

/** @returns what was left out, and why that is allowed */
export async function restoreArchives(restore: ArchiveRestore): Promise<Difference[]> {
  const { prepared, session, borrowed } = restore;
  const selected = selectedOf(prepared);
  const owners = [
    ...new Set(
      [...selected.entries, ...prepared.archives.data.flatMap(({ toc }) => toc.entries)].map(({ owner }) => owner),
    ),
  ];
  const rights = await takeRights(
    session,
    prepared.facts,
    owners.filter((owner) => owner !== ''),
    borrowed,
  );
  const { entries, edits, differences } = adaptToPlatform(selected.entries, rights);
  const steps = restoreSteps(entries);
  const head = withEdits(prepared.archives.head, edits);
  const only = prepared.chosen && selected.withData;
  const run = (step: Step, jobs = jobsOf(restore)): Promise<void> => runStep(restore, head, steps[step], jobs);
  const leftOut = await restore.phase('restoring', async () => {
    await orDamage(restore, () => run('schemas'));
    if (!rights.superuser) await lendCreate(session, [...rights.owners], publishersOf(entries), borrowed);
    await orDamage(restore, () => run('definitions'));
    const tables = tablesOf(prepared);
    const fresh = freshTables(
      tables,
      prepared.archives.data.flatMap(({ toc }) => toc.entries),
    );
    return restoreRows(restore, { only, tables, rights, fresh });
  });
  await restore.afterRows(only);
  await restore.phase('indexing', async () => {
    await run('indexes');
    await run('afterIndexes', 1);
    await run('foreignKeys');
    await giveBack(session, borrowed.privileges);
    await run('schemaPrivileges');
    await run('privileges');
  });
  return distinct([...selected.differences, ...differences, ...leftOut, ...recomputedViews(entries)]);
}

function selectedOf({ archives, chosen, present }: PreparedRestore): Selected {
  const { entries } = archives.toc;
  return chosen === undefined ? selectAll(entries, present) : completeSelection(entries, chosen, present);
}

function publishersOf(entries: readonly TocEntry[]): string[] {
  return [...new Set(entries.filter(({ kind }) => kind === 'PUBLICATION').map(({ owner }) => owner))];
}

function tablesOf({ archives }: PreparedRestore): Set<string> {
  const tables = archives.toc.entries.filter(({ kind }) => kind === 'TABLE');
  return new Set(tables.map(({ schema, tag }) => rowKey(schema, tag)));
}

async function runStep(
  restore: ArchiveRestore,
  head: Uint8Array,
  entries: readonly TocEntry[],
  jobs: number,
): Promise<void> {
  if (entries.length === 0) return;
  const dumpIds = entries.map(({ dumpId }) => dumpId);
  await runPgRestore(targetOf(restore), { dumpIds, archive: head, jobs });
}

/** The definitions of a single archive are used before all of it was read: damage explains an error in them. */
async function orDamage({ context, prepared }: ArchiveRestore, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const [only, ...others] = prepared.archives.data;
    if (only && others.length === 0 && error instanceof HoldfastError && error.code === 'RestoreFailed') {
      await only.read(only.head, context.signal, () => Promise.resolve());
    }
    throw error;
  }
}

function jobsOf({ prepared }: ArchiveRestore): number {
  return jobsFor(JOBS_MAX, prepared.facts.freeConnections);
}

function targetOf({ context, request, prepared }: ArchiveRestore, signal = context.signal): RestoreTarget {
  const { server, applicationName } = context;
  const { program, older, facts } = prepared;
  // A database that the restore makes is finished by a commit of the restore's own session, which is waited for.
  const commitFollows = facts.database === undefined;
  return { server, database: request.database, program, older, commitFollows, applicationName, signal };
}

interface RowScope extends DataScope {
  readonly rights: Rights;
  /** Tables that are emptied first. */
  readonly fresh: ReadonlySet<string>;
}

/** Several archives at once; the first failure ends the others. */
async function restoreRows(restore: ArchiveRestore, scope: RowScope): Promise<Difference[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([restore.context.signal, failure.signal]);
  const waiting = [...restore.prepared.archives.data];
  const differences: Difference[] = [];
  const worker = async (): Promise<void> => {
    for (let archive = waiting.shift(); archive; archive = waiting.shift()) {
      differences.push(...(await restoreRowsOf(restore, archive, scope, signal)));
    }
  };
  const workers = Array.from({ length: jobsOf(restore) }, () =>
    worker().catch((error: unknown) => {
      failure.abort(error);
    }),
  );
  await Promise.all(workers);
  signal.throwIfAborted();
  return differences;
}

async function restoreRowsOf(
  restore: ArchiveRestore,
  archive: DataArchive,
  scope: RowScope,
  signal: AbortSignal,
): Promise<Difference[]> {
  const due = dataEntries(archive.toc.entries, scope);
  const { entries, edits, differences } = adaptToPlatform(due.entries, scope.rights);
  if (entries.length > 0) {
    const dumpIds = entries.map(({ dumpId }) => dumpId);
    const head = withEdits(archive.head, [...edits, ...freshRowEdits(entries, scope.fresh)]);
    const read = (take: (chunk: Uint8Array) => Promise<void>): Promise<void> => archive.read(head, signal, take);
    await runPgRestore(targetOf(restore, signal), { dumpIds, archive: read, jobs: 1 });
  } else if (archive.hasDefinitions) {
    await archive.read(archive.head, signal, () => Promise.resolve());
  }
  return [...due.differences, ...differences];
}
