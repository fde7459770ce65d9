/** Statements of an archive that the target takes only in other words, which keep the object and are reported. */
import type { Difference } from '../../restore-record.ts';
import { nameOf, type HeadEdit, type TocEntry } from './archive-toc.ts';
import type { Rights } from './rights.ts';

export interface Alteration {
  readonly edit: HeadEdit;
  /** The same for all of one tablespace; undefined: it means the same in other words. */
  readonly difference: Difference | undefined;
}

interface Rule {
  /** What is different then, as a person is told; undefined: nothing. */
  readonly detail?: string;
  readonly applies: (entry: TocEntry, rights: Rights) => boolean;
  readonly change: (definition: string) => string;
}

const GRANTOR = /^SET SESSION AUTHORIZATION (?:"(?:[^"]|"")*"|\w+);\n([^]*?)^RESET SESSION AUTHORIZATION;\n/gm;
const LEAKPROOF = / LEAKPROOF\b/;
const SUPPORT = / SUPPORT (?:"(?:[^"]|"")*"|[^\s"])+/;
const RUN_AS_OWNER = /, run_as_owner = true\b/;
/** Until then subscriptions ran as their owner, and had no word for it; pg_dump from 16 on always says it. */
const FIRST_WITH_RUN_AS_OWNER = 16;

const RULES: readonly Rule[] = [
  {
    detail: 'granted by its owner: only a superuser may grant in the name of others',
    applies: ({ kind, definition }, { superuser }) => !superuser && kind === 'ACL' && definition.search(GRANTOR) !== -1,
    change: (definition) => definition.replace(GRANTOR, '$1'),
  },
  {
    detail: 'not leakproof: only a superuser may say that it is',
    applies: ({ kind, definition }, { superuser }) =>
      !superuser && kind === 'FUNCTION' && LEAKPROOF.test(attributesOf(definition)),
    change: (definition) =>
      definition.replace(attributesOf(definition), (attributes) => attributes.replace(LEAKPROOF, '')),
  },
  {
    detail: 'without its support function for the planner, which only a superuser may name',
    applies: ({ kind, definition }, { superuser }) =>
      !superuser && kind === 'FUNCTION' && SUPPORT.test(attributesOf(definition)),
    change: (definition) =>
      definition.replace(attributesOf(definition), (attributes) => attributes.replace(SUPPORT, '')),
  },
  {
    applies: ({ kind, definition }, { major }) =>
      kind === 'SUBSCRIPTION' && major < FIRST_WITH_RUN_AS_OWNER && RUN_AS_OWNER.test(definition),
    change: (definition) => definition.replace(RUN_AS_OWNER, ''),
  },
];

/** What of the entry is to be restored in other words. */
export function alterationsOf(entry: TocEntry, rights: Rights): Alteration[] {
  return [...tablespaceOf(entry, rights), ...definitionOf(entry, rights)];
}

function tablespaceOf(entry: TocEntry, { tablespaces }: Rights): Alteration[] {
  if (entry.tablespace === '' || tablespaces.has(entry.tablespace)) return [];
  const detail =
    'the target has none of that name that may be used: what was in it is in the default one of the database';
  const difference = { kind: 'tablespace', object: entry.tablespace, detail };
  return [{ edit: { at: entry.at.tablespace, change: () => '' }, difference }];
}

/** One edit, whatever is to be changed in it. */
function definitionOf(entry: TocEntry, rights: Rights): Alteration[] {
  const rules = RULES.filter(({ applies }) => applies(entry, rights));
  if (rules.length === 0) return [];
  const change = (definition: string): string => rules.reduce((text, rule) => rule.change(text), definition);
  const details = rules.flatMap(({ detail }) => detail ?? []);
  const difference = { kind: 'altered', object: nameOf(entry), detail: details.join('; ') };
  return [{ edit: { at: entry.at.definition, change }, difference: details.length > 0 ? difference : undefined }];
}

/** Of a function: the line with its language, its volatility and so on. Its body comes after it, and may hold anything. */
export function attributesOf(definition: string): string {
  return /^ {4}(LANGUAGE .*)$/m.exec(definition)?.[1] ?? '';
}
