/** One database: brought back, compared with its evidence, or taken back as far as this restore made it. */
import { createHash } from 'node:crypto';
import { causeChain, HoldfastError, toFailure, type Failure } from '../../../core/errors.ts';
import {
  compareEvidence,
  comparedText,
  extensionDifferences,
  mismatchText,
} from '../../../core/postgres/restore/compare-evidence.ts';
import { commentSql, unfinishedMark } from '../../../core/postgres/restore/database-sql.ts';
import { localeDifferences } from '../../../core/postgres/restore/locale-differences.ts';
import { REFUSED_SETTING } from '../../../core/postgres/restore/setting-differences.ts';
import { quoteIdentifier } from '../../../core/postgres/sql-quote.ts';
import { NOT_COMPARED, type Difference, type RestoredDatabase } from '../../../core/restore-record.ts';
import { log } from '../../log.ts';
import { databaseFacts, databaseIdentity } from '../database-facts.ts';
import { endLeftovers } from '../leftovers.ts';
import { openSession, type Session } from '../session.ts';
import { analyze } from './analyze.ts';
import { compareDatabase, finishDatabase, resetRole, setRole } from './finish-database.ts';
import { foundEvidence } from './found-evidence.ts';
import { dropMade, dropUnfinished, makeDatabase } from './made-database.ts';
import { prepareRestore, type PreparedRestore, type RestoreContext, type RestoreRequest } from './prepare-restore.ts';
import { restoreArchives } from './restore-archives.ts';
import { giveBack } from './roles.ts';
import { openMaintenance } from './server-facts.ts';
import { beginWork, restoredOf, timed, type Target, type Work } from './restore-work.ts';
import { makeSuperusers } from './throwaway-roles.ts';

export interface RestoreReport extends Target {
  readonly restored: RestoredDatabase;
}

/** An undo is short of time, because the worker is being stopped, and short of nothing else. */
const UNDO_TIMEOUT_MS = 20_000;

/** Ends in a value, good or bad. A database that it made and did not finish is gone; what it found is said to be partial. */
export async function restoreDatabase(context: RestoreContext, request: RestoreRequest): Promise<RestoreReport> {
  const work = beginWork(context, request);
  const startedMs = Date.now();
  let failure: Failure | null = null;
  try {
    const prepared = await prepareRestore(work.context, request);
    work.target.client = prepared.client;
    work.target.server = { version: prepared.facts.version };
    work.differences.push(...prepared.differences);
    await restorePrepared(work, prepared);
    work.target.targetState = 'complete';
    requireEqual(work);
  } catch (error) {
    failure = failureOf(context.signal.aborted ? context.signal.reason : error);
    if (work.target.targetState === 'partial') await undo(work);
  }
  work.seconds.totalSeconds = (Date.now() - startedMs) / 1000;
  return { ...work.target, restored: restoredOf(work, failure) };
}

async function restorePrepared(work: Work, prepared: PreparedRestore): Promise<void> {
  const { context, request, target } = work;
  if (prepared.facts.database === undefined) await createDatabase(work, prepared);
  target.targetState = 'partial';
  const session = await openSession(context.server, { ...context, database: request.database });
  try {
    work.differences.push(...(await localeDifferencesOf(work, prepared, session)));
    await createRoles(work, prepared, session);
    if (request.throwaway === true) await makeSuperusers(session, ownersOf(prepared));
    const differences = await restoreArchives({
      context,
      request,
      prepared,
      session,
      borrowed: work.borrowed,
      phase: (phase, part) => {
        context.onPhase(phase);
        return timed(work, phase === 'restoring' ? 'dataSeconds' : 'indexSeconds', part);
      },
      afterRows: (only) => timed(work, 'compareSeconds', () => compare(work, prepared, session, only)),
    });
    work.differences.push(...differences);
    context.onPhase('analyzing');
    const tables = prepared.chosen && [...prepared.chosen].filter(({ kind }) => kind === 'TABLE');
    work.differences.push(...(await timed(work, 'analyzeSeconds', () => analyze(session, tables))));
    if (isItsOwn(prepared)) await setRole(session, prepared);
    // What is not what was dumped keeps its mark.
    const isFinished = target.databaseCreated && work.mismatches.length === 0;
    if (isFinished) await finishDatabase(session, request.database, prepared);
    if (isFinished || (!target.databaseCreated && prepared.chosen === undefined))
      await compareItself(work, prepared, session);
    await giveBack(session, work.borrowed.memberships);
  } finally {
    await session.close();
  }
}

/** @throws TargetNotEmpty when somebody else has made one of that name since the preflight */
async function createDatabase(work: Work, { unfinished }: PreparedRestore): Promise<void> {
  const { context, target } = work;
  const { database, dump } = work.request;
  const session = await openMaintenance(context.server, context, database);
  try {
    const enter = (): Promise<Session> => openSession(context.server, { ...context, database });
    if (unfinished) await dropUnfinished({ session, database, enter }, context.restore);
    // If the answer is lost, it may be there.
    target.targetState = 'partial';
    work.made = await makeDatabase(session, database, dump);
    if (work.made === undefined) {
      target.targetState = 'untouched';
      const message = `database ${database} was made by somebody else just now: see whose it is, or name another one`;
      throw new HoldfastError('TargetNotEmpty', message);
    }
    target.databaseCreated = true;
    await session.run(commentSql(database, unfinishedMark(context.restore)));
  } finally {
    await session.close();
  }
}

async function createRoles(
  { context, request, target }: Work,
  prepared: PreparedRestore,
  session: Session,
): Promise<void> {
  if (request.roles === 'create' && prepared.missingRoles.length > 0) {
    await session.run(prepared.roles.rolesSql);
    target.rolesCreated = [...prepared.missingRoles];
  }
  if (!isItsOwn(prepared)) return;
  await session.run(prepared.roles.databaseSql);
  await resetRole(session, request.database, prepared);
  if (!target.databaseCreated) return;
  // The recorded comment may have taken the place of the mark.
  await session.run(commentSql(request.database, unfinishedMark(context.restore)));
}

/** Whether what belongs to the database itself is restored with it: not into one that is in use. */
function isItsOwn({ chosen, facts: { database } }: PreparedRestore): boolean {
  return database === undefined || (chosen === undefined && database.content.length === 0);
}

/** In a server of the worker's own everything can be as it was, but for settings that it refuses. */
async function compareItself(work: Work, prepared: PreparedRestore, session: Session): Promise<void> {
  const { database, throwaway } = work.request;
  for (const one of await compareDatabase(session, database, prepared, isItsOwn(prepared))) {
    if (throwaway === true && one.kind !== REFUSED_SETTING)
      work.mismatches.push(`${one.kind} of ${one.object}: ${one.detail}`);
    else work.differences.push(one);
  }
}

async function localeDifferencesOf(
  { request }: Work,
  { evidence }: PreparedRestore,
  session: Session,
): Promise<Difference[]> {
  const { collationVersion } = evidence.database ?? {};
  const found = { ...(await databaseFacts(session)), ...(await databaseIdentity(session)) };
  return localeDifferences(request.database, { ...request.dump, collationVersion }, found);
}

/** Dumps of the first versions do not name all of them beside the archive. */
function ownersOf({ archives, roles }: PreparedRestore): string[] {
  return [...new Set([...roles.names, ...archives.toc.entries.map(({ owner }) => owner)])];
}

async function compare(
  work: Work,
  { evidence }: PreparedRestore,
  session: Session,
  only: ReadonlySet<string> | undefined,
): Promise<void> {
  work.context.onPhase('comparing');
  const wasCounted = evidence.tables.length > 0 || evidence.largeObjects.sizeBytes !== undefined;
  if (!wasCounted) {
    const detail = 'none were counted when it was dumped, with evidence: none';
    work.differences.push({ kind: NOT_COMPARED, object: 'rows of all tables', detail });
  }
  const found = await foundEvidence(session, wasCounted ? 'counts' : 'none');
  if (only === undefined) work.differences.push(...extensionDifferences(evidence.extensions, found.extensions));
  const { mismatches, ...counts } = compareEvidence(evidence, found, only);
  work.mismatches.push(...mismatches);
  work.compared = { ...counts, sha256: createHash('sha256').update(comparedText(evidence, only)).digest('hex') };
}

function requireEqual({ mismatches, request }: Work): void {
  if (mismatches.length === 0) return;
  throw new HoldfastError(
    'RestoreMismatch',
    `database ${request.database} is not what was dumped: ${mismatchText(mismatches)}`,
  );
}

/** Queries of a restore fail in the words of a dump, which asks the same. */
function failureOf(error: unknown): Failure {
  const failure = toFailure(error);
  const ofQuery = failure.code === 'DumpFailed' || failure.code === 'TableUnreadable';
  return ofQuery ? { ...failure, code: 'RestoreFailed' } : failure;
}

/** What this restore made goes; what was there before holds a part of the restore, which is said. */
async function undo(work: Work): Promise<void> {
  const { context, request, made } = work;
  const { applicationName, server } = context;
  const { database } = request;
  await endLeftovers(server, database, applicationName);
  const options = { applicationName, signal: AbortSignal.timeout(UNDO_TIMEOUT_MS) };
  const enter = (): Promise<Session> => openSession(server, { ...options, database });
  try {
    const session = made === undefined ? await enter() : await openMaintenance(server, options, database);
    try {
      await (made === undefined
        ? giveBack(session, work.borrowed.privileges)
        : dropMade({ session, database, enter }, made));
      await giveBack(session, work.borrowed.memberships);
      if (made !== undefined) await dropRoles(work, session);
    } finally {
      await session.close();
    }
  } catch (error) {
    log('warn', 'what the restore has made could not be taken back', { database, reason: causeChain(error) });
  }
}

/** With them the last of what it made is gone. */
async function dropRoles({ target }: Work, session: Session): Promise<void> {
  target.databaseCreated = false;
  for (const role of target.rolesCreated) await session.run(`DROP ROLE IF EXISTS ${quoteIdentifier(role)}`);
  target.rolesCreated = [];
  target.targetState = 'untouched';
}
