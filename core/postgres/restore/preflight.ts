/** Whether a restore can go well, decided before anything on the target is touched; every problem is reported at once. */
import { HoldfastError, type ErrorCode } from '../../errors.ts';
import type { DatabaseDump, Evidence } from '../../manifest.ts';
import type { Difference } from '../../restore-record.ts';
import { unfinishedRestore } from './database-sql.ts';

const NAMES_SHOWN_MAX = 10;
/** For the session that compares, and one that looks while others work. */
const SESSIONS_BESIDE_JOBS = 2;

/** What the target server says of itself. */
export interface ServerFacts {
  /** Such as "17.11". */
  readonly version: string;
  readonly major: number;
  readonly user: string;
  readonly superuser: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
  readonly rdsSuperuser: boolean;
  /** Sessions that this user may still open. */
  readonly freeConnections: number;
  readonly lz4: boolean;
  readonly icu: boolean;
  /** Whether the operating system knows the recorded collation and character type. */
  readonly knowsLocale: boolean;
  readonly roles: ReadonlySet<string>;
  /** Those of them that may own what only superusers may; on RDS, members of rds_superuser. */
  readonly superusers: ReadonlySet<string>;
  readonly extensions: readonly AvailableExtension[];
  /** Undefined: there is no database of that name. */
  readonly database: DatabaseState | undefined;
}

export interface AvailableExtension {
  readonly name: string;
  readonly version: string;
  readonly isDefault: boolean;
  /** Only a superuser may create it. */
  readonly superuserOnly: boolean;
}

export interface DatabaseState {
  readonly encoding: string;
  /** May be the mark of a restore that is not complete. */
  readonly comment: string | null;
  /** May create schemas in it. */
  readonly mayCreate: boolean;
  /** The first objects of users in it, such as "table public.orders". */
  readonly content: readonly string[];
  readonly extensions: readonly string[];
}

export interface RestoreNeeds {
  readonly database: string;
  readonly allowNotEmpty: boolean;
  readonly roles: 'create' | 'skip';
  readonly dump: Pick<DatabaseDump, 'encoding' | 'collation' | 'localeProvider' | 'locale'>;
  /** Of the server that was dumped. */
  readonly sourceMajor: number;
  readonly sourceVersion: string;
  readonly extensions: Evidence['extensions'];
  /** Names of the roles that the database refers to. */
  readonly roleNames: readonly string[];
  /** Nobody but a superuser may own them. */
  readonly superuserOwned: readonly OwnedObject[];
  /** Columns are compressed with it. */
  readonly usesLz4: boolean;
  /** The target is a server of the worker's own: what it lacks makes the point untestable there, not bad. */
  readonly throwaway: boolean;
}

export interface OwnedObject {
  /** Such as `EVENT TRIGGER watch`. */
  readonly name: string;
  readonly owner: string;
}

export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Why the restore must not begin; empty: it may. */
export function findProblems(needs: RestoreNeeds, server: ServerFacts): Problem[] {
  return [
    ...databaseProblems(needs, server),
    ...extensionProblems(needs, server),
    ...roleProblems(needs, server),
    ...ownerProblems(needs, server),
    ...connectionProblems(server),
    ...lackOf(
      needs,
      needs.usesLz4 && !server.lz4,
      'the dump has columns compressed with lz4, which the target was built without',
    ),
  ];
}

/** What will be different, and is legally so. */
export function findDifferences(needs: RestoreNeeds, server: ServerFacts): Difference[] {
  if (server.major >= needs.sourceMajor) return [];
  const detail = `the source had ${needs.sourceVersion}, which is newer: what the target does not know fails`;
  return [{ kind: 'server', object: `PostgreSQL ${server.version}`, detail }];
}

/** @throws the first code with all problems in its message; TargetNotEmpty goes before others */
export function requireNoProblem(problems: readonly Problem[]): void {
  const first = problems.find(({ code }) => code === 'TargetNotEmpty') ?? problems[0];
  if (first === undefined) return;
  throw new HoldfastError(first.code, problems.map(({ message }) => message).join('; '));
}

const failed = (message: string): Problem => ({ code: 'RestoreFailed', message });

function databaseProblems(needs: RestoreNeeds, server: ServerFacts): Problem[] {
  const { database } = server;
  if (database === undefined) return newDatabaseProblems(needs, server);
  const problems: Problem[] = [];
  if (!needs.allowNotEmpty && database.content.length > 0) {
    const message = `database ${needs.database} is not empty: it holds ${list(database.content)}`;
    problems.push({ code: 'TargetNotEmpty', message });
  }
  // Another restore may be at work in it, and has not given it what belongs to it yet.
  const other = unfinishedRestore(database.comment);
  if (!needs.allowNotEmpty && other !== undefined) {
    const message = `database ${needs.database} was not completed by restore ${other}: drop it if that one has ended, or name another one`;
    problems.push({ code: 'TargetNotEmpty', message });
  }
  if (database.encoding !== needs.dump.encoding) {
    problems.push(
      failed(`database ${needs.database} has encoding ${database.encoding}, the dump ${needs.dump.encoding}`),
    );
  }
  if (!database.mayCreate) problems.push(failed(`${server.user} may not create schemas in database ${needs.database}`));
  return problems;
}

/** What the server was built or installed without. */
function lackOf({ throwaway }: RestoreNeeds, lacks: boolean, message: string): Problem[] {
  return lacks ? [{ code: throwaway ? 'Untestable' : 'RestoreFailed', message }] : [];
}

function newDatabaseProblems(needs: RestoreNeeds, server: ServerFacts): Problem[] {
  const { dump, database } = needs;
  const problems: Problem[] = [];
  if (!server.superuser && !server.createDb)
    problems.push(failed(`${server.user} may not create database ${database}: give it CREATEDB`));
  problems.push(
    ...lackOf(needs, !server.knowsLocale, `the target does not know the locale ${dump.collation}`),
    ...lackOf(
      needs,
      dump.localeProvider === 'icu' && !server.icu,
      `the target was built without ICU, for locale ${dump.locale ?? ''}`,
    ),
  );
  if (dump.localeProvider === 'builtin' && server.major < 17) {
    problems.push(failed(`the locale provider "builtin" of the source is not known to PostgreSQL ${server.version}`));
  }
  return problems;
}

function extensionProblems(needs: RestoreNeeds, server: ServerFacts): Problem[] {
  const installed = new Set(server.database?.extensions);
  const due = needs.extensions.filter(({ name }) => name !== 'plpgsql' && !installed.has(name));
  const missing = due.filter(({ name }) => !server.extensions.some((extension) => extension.name === name));
  const forbidden = due.filter(({ name }) => isForbidden(name, server));
  const problems = lackOf(
    needs,
    missing.length > 0,
    `the target lacks extensions: ${list(missing.map(({ name }) => name))}`,
  );
  if (forbidden.length > 0) {
    const names = list(forbidden.map(({ name }) => name));
    problems.push(
      failed(
        `${server.user} may not create extensions ${names}: let a superuser create them in an empty database first`,
      ),
    );
  }
  return problems;
}

function isForbidden(name: string, { superuser, rdsSuperuser, extensions }: ServerFacts): boolean {
  if (superuser || rdsSuperuser) return false;
  return extensions.some((extension) => extension.name === name && extension.isDefault && extension.superuserOnly);
}

function roleProblems({ roleNames, roles }: RestoreNeeds, server: ServerFacts): Problem[] {
  const missing = roleNames.filter((name) => !server.roles.has(name));
  if (missing.length === 0) return [];
  if (roles === 'skip')
    return [failed(`the target lacks roles: ${list(missing)}: create them, or let the restore do it`)];
  if (server.superuser || server.createRole) return [];
  return [failed(`${server.user} may not create the missing roles ${list(missing)}: give it CREATEROLE`)];
}

/** In a throwaway server every owner is made a superuser. */
function ownerProblems({ superuserOwned, throwaway }: RestoreNeeds, { superusers }: ServerFacts): Problem[] {
  const homeless = superuserOwned.filter(({ owner }) => !superusers.has(owner));
  if (homeless.length === 0 || throwaway) return [];
  const owners = list([...new Set(homeless.map(({ owner }) => owner))]);
  const message = `only a superuser may own ${list(homeless.map(({ name }) => name))}, and on the target`;
  return [failed(`${message} these owners are none: ${owners}: make them superusers there`)];
}

function connectionProblems({ freeConnections, user }: ServerFacts): Problem[] {
  if (jobsFor(1, freeConnections) === 1) return [];
  return [
    failed(`${user} may open ${freeConnections} more connections, and a restore needs ${1 + SESSIONS_BESIDE_JOBS}`),
  ];
}

/** As many jobs as are wanted and connections allow; 0: not even one. */
export function jobsFor(wanted: number, freeConnections: number): number {
  return Math.max(0, Math.min(wanted, freeConnections - SESSIONS_BESIDE_JOBS));
}

/** The first names, and that there are more. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown} and ${names.length - NAMES_SHOWN_MAX} more` : shown;
}
