/**
 * What a role that is no superuser may not restore: a named list, taken out or changed beforehand, and reported. Nothing
 * else is ever left out, and no error is ever ignored: each rule is what PostgreSQL 15 to 18 refuse to such a role, see the
 * tests.
 */
import { LEFT_OUT, type Difference } from '../../restore-record.ts';
import { alterationsOf, attributesOf } from './alterations.ts';
import { nameOf, type HeadEdit, type TocEntry } from './archive-toc.ts';
import { entriesById, isAboutAnother, objectOf } from './restore-steps.ts';
import type { Rights } from './rights.ts';

export interface Adapted {
  readonly entries: readonly TocEntry[];
  /** What pg_restore is to read in the archive's head in place of what is there. */
  readonly edits: readonly HeadEdit[];
  readonly differences: readonly Difference[];
}

/** Takes out what the role may not restore, and changes what it may restore otherwise, with what is said about it. */
export function adaptToPlatform(entries: readonly TocEntry[], rights: Rights): Adapted {
  const reasons = rights.superuser ? new Map<TocEntry, string>() : refusalsOf(entries, rights);
  const kept = entries.filter((entry) => !reasons.has(entry));
  const ownerless = rights.superuser ? [] : kept.filter((entry) => isOwnerless(entry, rights));
  const alterations = kept.flatMap((entry) => alterationsOf(entry, rights));
  const differences = [
    ...[...reasons].map(([entry, reason]) => ({ kind: LEFT_OUT, object: nameOf(entry), detail: reason })),
    ...ownerless.filter(isOwnedByItself).map((entry) => ({
      kind: 'owner',
      object: nameOf(entry),
      detail: `not given to ${entry.owner}, which the role that restores may not do`,
    })),
    ...distinct(alterations.flatMap(({ difference }) => difference ?? [])),
  ];
  const edits = [
    ...ownerless.map(({ at }) => ({ at: at.owner, change: () => '' })),
    ...alterations.map(({ edit }) => edit),
  ];
  return { entries: kept, edits, differences };
}

/** Each once: what is altered in the definitions may be altered again where rows are restored. */
export function distinct(differences: readonly Difference[]): Difference[] {
  return [...new Map(differences.map((one) => [`${one.kind} ${one.object}`, one])).values()];
}

function refusalsOf(entries: readonly TocEntry[], rights: Rights): Map<TocEntry, string> {
  const byId = entriesById(entries);
  const reasons = new Map<TocEntry, string>();
  for (const entry of entries) {
    const reason = refusalOf(entry, byId, rights) ?? refusalOfNeeded(entry, byId, reasons);
    if (reason !== undefined) reasons.set(entry, reason);
  }
  return reasons;
}

/**
 * Kinds that have an owner of their own, which pg_restore sets (_printTocEntry of pg_backup_archiver.c): the rows of a table
 * and what is a part of it have that of their table, and whose the database is, is compared by itself.
 */
const OWNED = new Set([
  'AGGREGATE',
  'BLOB',
  'BLOB METADATA',
  'COLLATION',
  'CONVERSION',
  'DOMAIN',
  'EVENT TRIGGER',
  'FOREIGN DATA WRAPPER',
  'FOREIGN TABLE',
  'FUNCTION',
  'MATERIALIZED VIEW',
  'OPERATOR',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'PROCEDURAL LANGUAGE',
  'PROCEDURE',
  'PUBLICATION',
  'SCHEMA',
  'SEQUENCE',
  'SERVER',
  'STATISTICS',
  'SUBSCRIPTION',
  'TABLE',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TYPE',
  'VIEW',
]);

const isOwnedByItself = ({ kind }: TocEntry): boolean => OWNED.has(kind);

const isOwnerless = ({ owner, section }: TocEntry, { owners }: Rights): boolean =>
  owner !== '' && section !== 'none' && !owners.has(owner);

interface Rule {
  /** Why, as a person is told. */
  readonly why: string;
  readonly refuses: (entry: TocEntry, rights: Rights) => boolean;
}

const ofKinds =
  (...kinds: readonly string[]) =>
  ({ kind }: TocEntry): boolean =>
    kinds.includes(kind);

/** Composite types, enumerations and ranges. */
const MADE_OF_OTHERS = /^CREATE TYPE (?:"(?:[^"]|"")*"|[^\s"])+ AS /;

const RULES: readonly Rule[] = [
  {
    why: 'only the owner of an extension may comment on it',
    refuses: ({ kind, tag }) => kind === 'COMMENT' && tag.startsWith('EXTENSION '),
  },
  {
    why: 'only a superuser may make event triggers',
    refuses: ({ kind }, { rdsSuperuser }) => kind === 'EVENT TRIGGER' && !rdsSuperuser,
  },
  {
    why: 'only a superuser may publish all tables',
    refuses: ({ kind, definition }) => kind === 'PUBLICATION' && /\bFOR ALL TABLES\b/.test(definition),
  },
  { why: 'only a superuser may publish schemas', refuses: ofKinds('PUBLICATION TABLES IN SCHEMA') },
  { why: 'only a superuser may subscribe', refuses: ofKinds('SUBSCRIPTION', 'SUBSCRIPTION TABLE') },
  { why: 'only a superuser may make foreign-data wrappers', refuses: ofKinds('FOREIGN DATA WRAPPER') },
  { why: 'its foreign-data wrapper may not be used', refuses: isOnClosedWrapper },
  { why: 'only a superuser may make languages', refuses: ofKinds('PROCEDURAL LANGUAGE') },
  { why: 'only a superuser may make the functions of transforms', refuses: ofKinds('TRANSFORM') },
  { why: 'only a superuser may make access methods', refuses: ofKinds('ACCESS METHOD') },
  {
    why: 'only a superuser may make operator classes and families',
    refuses: ofKinds('OPERATOR CLASS', 'OPERATOR FAMILY'),
  },
  {
    why: 'only a superuser may make text search templates and parsers',
    refuses: ofKinds('TEXT SEARCH TEMPLATE', 'TEXT SEARCH PARSER'),
  },
  {
    why: 'only a superuser may make functions in C or of the server itself',
    refuses: ({ kind, definition }) => kind === 'FUNCTION' && /^LANGUAGE (c|internal)\b/.test(attributesOf(definition)),
  },
  {
    why: 'only a superuser may make aggregates whose state is internal',
    refuses: ({ kind, definition }) => kind === 'AGGREGATE' && /\bM?STYPE = internal\b/.test(definition),
  },
  {
    why: 'only a superuser may make base types',
    refuses: ({ kind, definition }) => kind === 'SHELL TYPE' || (kind === 'TYPE' && !MADE_OF_OTHERS.test(definition)),
  },
  {
    why: 'only a superuser may make casts without a function',
    refuses: ({ kind, definition }) => kind === 'CAST' && /\bWITHOUT FUNCTION\b/.test(definition),
  },
  {
    why: 'only members of a role may set its default privileges',
    refuses: ({ kind, owner }, { owners }) => kind === 'DEFAULT ACL' && !owners.has(owner),
  },
  {
    why: 'schema public belongs to somebody else',
    refuses: ({ kind, tag }, { ownsPublic }) => isAboutAnother(kind) && tag === 'SCHEMA public' && !ownsPublic,
  },
];

function refusalOf(entry: TocEntry, byId: ReadonlyMap<number, TocEntry>, rights: Rights): string | undefined {
  const rule = RULES.find(({ refuses }) => refuses(entry, rights));
  if (rule !== undefined) return rule.why;
  const ofPlatform = isAboutAnother(entry.kind) && entry.tag !== 'SCHEMA public' && objectOf(entry, byId) === undefined;
  return ofPlatform ? 'the object belongs to an extension or to the server' : undefined;
}

/** What hangs on a foreign-data wrapper, a foreign server or a foreign table, or is no more than a part of it. */
const CARRIED = new Set(['SERVER', 'FOREIGN TABLE', 'PUBLICATION TABLE', 'TABLE ATTACH', 'TRIGGER', 'DEFAULT']);

/** Only what says something about it, and what it carries: everything else must fail. */
function refusalOfNeeded(
  entry: TocEntry,
  byId: ReadonlyMap<number, TocEntry>,
  reasons: ReadonlyMap<TocEntry, string>,
): string | undefined {
  if (entry.kind === 'USER MAPPING') {
    return [...reasons].find(([{ kind, tag }]) => kind === 'SERVER' && entry.tag.endsWith(` SERVER ${tag}`))?.[1];
  }
  if (!isAboutAnother(entry.kind) && !CARRIED.has(entry.kind)) return undefined;
  const needed = entry.needs.map((id) => byId.get(id)).find((object) => object && reasons.has(object));
  return needed && reasons.get(needed);
}

/** One that is not there yet comes with an extension of the archive, or fails. */
function isOnClosedWrapper({ kind, definition }: TocEntry, { closedWrappers }: Rights): boolean {
  if (kind !== 'SERVER') return false;
  const named = / FOREIGN DATA WRAPPER ("(?:[^"]|"")*"|\S+?)(?:;| OPTIONS)/.exec(definition)?.[1] ?? '';
  return closedWrappers.has(named.startsWith('"') ? named.slice(1, -1).replaceAll('""', '"') : named);
}
