/**
 * What a role that is no superuser may not restore: a named list, taken out beforehand and reported. Nothing else is ever
 * left out, and no error is ever ignored: each rule is what PostgreSQL 15 to 18 refuse to such a role, see the tests.
 */
import type { Difference } from '../../restore-record.ts';
import type { TocEntry } from './archive-toc.ts';
import { entriesById, isAboutAnother, objectOf } from './restore-steps.ts';

/** What the role that restores may do on the target. */
export interface Rights {
  readonly superuser: boolean;
  /** A member of rds_superuser, for whom RDS allows some of it. */
  readonly rdsSuperuser: boolean;
  /** May give privileges on schema public, which every database has. */
  readonly ownsPublic: boolean;
  /** Roles that exist and to which it may give objects. */
  readonly owners: ReadonlySet<string>;
  /** Foreign-data wrappers that it may use. */
  readonly wrappers: ReadonlySet<string>;
}

export interface Adapted {
  readonly entries: readonly TocEntry[];
  /** Entries whose owner stays the role that restores. */
  readonly ownerless: readonly TocEntry[];
  readonly differences: readonly Difference[];
}

/** Takes out what the role may not restore, with what is said about it. */
export function adaptToPlatform(entries: readonly TocEntry[], rights: Rights): Adapted {
  if (rights.superuser) return { entries, ownerless: [], differences: [] };
  const byId = entriesById(entries);
  const reasons = new Map<TocEntry, string>();
  for (const entry of entries) {
    const reason = refusalOf(entry, byId, rights) ?? refusalOfNeeded(entry, byId, reasons);
    if (reason !== undefined) reasons.set(entry, reason);
  }
  const kept = entries.filter((entry) => !reasons.has(entry));
  const ownerless = kept.filter(
    ({ owner, section }) => owner !== '' && section !== 'none' && !rights.owners.has(owner),
  );
  const differences = [
    ...[...reasons].map(([entry, reason]) => ({ kind: LEFT_OUT, object: nameOf(entry), detail: reason })),
    ...ownerless.map((entry) => ({
      kind: 'owner',
      object: nameOf(entry),
      detail: `not given to ${entry.owner}, which the role that restores may not do`,
    })),
  ];
  return { entries: kept, ownerless, differences };
}

const LEFT_OUT = 'left out';

interface Rule {
  /** Why, as a person is told. */
  readonly why: string;
  readonly refuses: (entry: TocEntry, rights: Rights) => boolean;
}

const ofKinds =
  (...kinds: readonly string[]) =>
  ({ kind }: TocEntry): boolean =>
    kinds.includes(kind);

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
  { why: 'its foreign-data wrapper may not be used', refuses: isServerWithoutWrapper },
  { why: 'only a superuser may make languages', refuses: ofKinds('PROCEDURAL LANGUAGE') },
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
    why: 'only a superuser may make functions in C',
    refuses: ({ kind, definition }) => kind === 'FUNCTION' && /^\s+LANGUAGE (c|internal)\b/m.test(definition),
  },
  {
    why: 'only a superuser may make base types',
    refuses: ({ kind, definition }) =>
      kind === 'SHELL TYPE' || (kind === 'TYPE' && /\(\s*INTERNALLENGTH = /.test(definition)),
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

/** Only what says something about it, and what a foreign server carries: everything else must fail. */
function refusalOfNeeded(
  entry: TocEntry,
  byId: ReadonlyMap<number, TocEntry>,
  reasons: ReadonlyMap<TocEntry, string>,
): string | undefined {
  if (entry.kind === 'USER MAPPING') {
    return [...reasons].find(([{ kind, tag }]) => kind === 'SERVER' && entry.tag.endsWith(` SERVER ${tag}`))?.[1];
  }
  if (!isAboutAnother(entry.kind) && entry.kind !== 'FOREIGN TABLE' && entry.kind !== 'PUBLICATION TABLE')
    return undefined;
  const needed = entry.needs.map((id) => byId.get(id)).find((object) => object && reasons.has(object));
  return needed && reasons.get(needed);
}

function isServerWithoutWrapper({ kind, definition }: TocEntry, { wrappers }: Rights): boolean {
  if (kind !== 'SERVER') return false;
  const named = / FOREIGN DATA WRAPPER ("(?:[^"]|"")*"|\S+?)(?:;| OPTIONS)/.exec(definition)?.[1] ?? '';
  const name = named.startsWith('"') ? named.slice(1, -1).replaceAll('""', '"') : named;
  return !wrappers.has(name);
}

/** `TABLE public.orders`, `EVENT TRIGGER watch`; some tags say themselves what they are. */
export function nameOf({ kind, schema, tag }: TocEntry): string {
  const name = schema === '' ? tag : `${schema}.${tag}`;
  return tag.startsWith(kind) ? name : `${kind} ${name}`;
}
