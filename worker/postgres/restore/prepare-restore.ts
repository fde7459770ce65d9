/** Everything that can be known before the target is touched: the objects, what is in them, and whether they fit. */
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { HoldfastError } from '../../../core/errors.ts';
import { Evidence, type DatabaseDump } from '../../../core/manifest.ts';
import { nameOf, type TocEntry } from '../../../core/postgres/restore/archive-toc.ts';
import { unfinishedMark } from '../../../core/postgres/restore/database-sql.ts';
import { leftOutAtDump } from '../../../core/postgres/restore/left-out-at-dump.ts';
import {
  findDifferences,
  findProblems,
  list,
  requireNoProblem,
  type Problem,
  type RestoreNeeds,
  type ServerFacts,
} from '../../../core/postgres/restore/preflight.ts';
import { parseRolesObject, type RolesObject } from '../../../core/postgres/restore/roles-object.ts';
import { chooseEntries, isEverything, type Selection } from '../../../core/postgres/restore/select-entries.ts';
import { largeObjectsLeftOut } from '../../../core/postgres/restore/selection-differences.ts';
import { ownedBySuperusers } from '../../../core/postgres/restore/superuser-owners.ts';
import type { Difference } from '../../../core/restore-record.ts';
import { readWhole, requireStored } from '../../restore/stored-object.ts';
import { findClient } from '../clients.ts';
import type { Server } from '../server.ts';
import { openSession } from '../session.ts';
import { objectsOf, openArchives, type DumpArchives } from './archives.ts';
import { presentEntries } from './present-entries.ts';
import { serverFacts } from './server-facts.ts';

export interface RestoreContext {
  readonly server: Server;
  readonly pgRoot: string;
  readonly bucket: string;
  /** Of the sessions on the target. */
  readonly applicationName: string;
  /** Names this restore: a database that it left unfinished is known by it. */
  readonly restore: string;
  /** Ends everything; the restore then fails with its reason. */
  readonly signal: AbortSignal;
  readonly onPhase: (phase: 'preparing' | 'restoring' | 'indexing' | 'analyzing' | 'comparing') => void;
  readonly onRead: (sizeBytes: number) => void;
}

export interface RestoreRequest {
  readonly dump: DatabaseDump;
  /** Name on the target. */
  readonly database: string;
  readonly selection: Selection;
  readonly roles: 'create' | 'skip';
  readonly allowNotEmpty: boolean;
  /** Into a server of ours: what it lacks says nothing about the recovery point. Default: false. */
  readonly throwaway?: boolean;
}

export interface PreparedRestore {
  readonly archives: DumpArchives;
  readonly evidence: Evidence;
  readonly roles: RolesObject;
  /** Roles that the target lacks. */
  readonly missingRoles: readonly string[];
  readonly facts: ServerFacts;
  /** What this restore left in an earlier attempt: dropped, and made again. */
  readonly unfinished: boolean;
  readonly program: string;
  /** The target is older than pg_restore. */
  readonly older: boolean;
  /** Such as "pg_restore 17.11". */
  readonly client: string;
  /** Undefined: everything. */
  readonly chosen: ReadonlySet<TocEntry> | undefined;
  /** Of what the target has already. */
  readonly present: ReadonlySet<TocEntry>;
  readonly differences: readonly Difference[];
}

/** @throws with every problem, before anything on the target is touched */
export async function prepareRestore(context: RestoreContext, request: RestoreRequest): Promise<PreparedRestore> {
  const { dump, selection } = request;
  const { bucket, signal, onRead } = context;
  await Promise.all(dump.objects.map((object) => requireStored({ bucket, object }, signal)));
  const roles = parseRolesObject((await wholeObject(context, dump, 'roles')).toString());
  const evidence = Evidence.parse(JSON.parse(gunzipSync(await wholeObject(context, dump, 'evidence')).toString()));
  const archives = await openArchives(dump, { bucket, signal, onRead });
  const { entries } = archives.toc;
  const chosen = isEverything(selection) ? undefined : chooseEntries(entries, selection);
  const found = await serverFacts(context.server, request.database, dump, context);
  const unfinished = found.database?.comment === unfinishedMark(context.restore);
  const facts = unfinished ? { ...found, database: undefined } : found;
  const needs = needsOf(request, archives, evidence, roles.names, chosen, facts);
  const present = facts.database ? await presentIn(context, request.database, entries) : new Set<TocEntry>();
  requireNoProblem([...findProblems(needs, facts), ...collisions(request, chosen ?? new Set(entries), present)]);
  // No older pg_restore reads an archive than the pg_dump that wrote it, nor knows what a newer server needs.
  const clientMajor = Math.max(majorOf(archives.toc.dumpVersion), facts.major);
  const { path: pgDump, name } = await findClient(context.pgRoot, clientMajor, facts.version);
  return {
    archives,
    evidence,
    roles,
    missingRoles: needs.roleNames.filter((role) => !facts.roles.has(role)),
    facts,
    unfinished,
    older: facts.major < clientMajor,
    program: path.join(path.dirname(pgDump), 'pg_restore'),
    client: name.replace('pg_dump', 'pg_restore'),
    chosen,
    present,
    differences: [
      ...leftOutAtDump(evidence.leftOut ?? [], selection, chosen),
      ...(chosen === undefined ? [] : largeObjectsLeftOut(evidence.largeObjects.count)),
      ...findDifferences(needs, facts),
    ],
  };
}

async function wholeObject(
  { bucket, signal }: RestoreContext,
  dump: DatabaseDump,
  role: 'roles' | 'evidence',
): Promise<Buffer> {
  const [object] = objectsOf(dump, role);
  if (object === undefined) throw new HoldfastError('RestoreFailed', `the dump of ${dump.database} has no ${role}`);
  return readWhole({ bucket, object }, signal);
}

async function presentIn(
  context: RestoreContext,
  database: string,
  entries: readonly TocEntry[],
): Promise<Set<TocEntry>> {
  const session = await openSession(context.server, { ...context, database });
  try {
    return await presentEntries(session, entries);
  } finally {
    await session.close();
  }
}

function needsOf(
  { dump, database, roles, allowNotEmpty, throwaway }: RestoreRequest,
  { toc }: DumpArchives,
  evidence: Evidence,
  roleNames: readonly string[],
  chosen: ReadonlySet<TocEntry> | undefined,
  server: ServerFacts,
): RestoreNeeds {
  return {
    database,
    allowNotEmpty,
    roles,
    dump,
    throwaway: throwaway ?? false,
    sourceMajor: majorOf(toc.serverVersion),
    sourceVersion: toc.serverVersion,
    // Some tables need few of them: what they lack fails with its own message.
    extensions: chosen === undefined ? evidence.extensions : [],
    roleNames,
    superuserOwned: chosen === undefined ? ownedBySuperusers(toc.entries, server) : [],
    usesLz4: toc.entries.some(({ definition }) => /\bSET COMPRESSION lz4\b/.test(definition)),
  };
}

const majorOf = (version: string): number => Number.parseInt(version, 10);

/** What is asked for must not exist; what it only needs may. */
function collisions(
  { database }: RestoreRequest,
  due: ReadonlySet<TocEntry>,
  present: ReadonlySet<TocEntry>,
): Problem[] {
  const existing = [...present].filter((entry) => entry.kind === 'TABLE' && due.has(entry));
  if (existing.length === 0) return [];
  return [
    {
      code: 'TargetNotEmpty',
      message: `database ${database} has ${list(existing.map(nameOf))} already: rename or drop what is there`,
    },
  ];
}
