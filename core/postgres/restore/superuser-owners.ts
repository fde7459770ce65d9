/** What nobody but a superuser may own, looked for before a restore: giving it to anybody else would fail when all rows are there. */
import { nameOf, type TocEntry } from './archive-toc.ts';
import type { OwnedObject, ServerFacts } from './preflight.ts';

/** From 16 on they may belong to members of pg_create_subscription. */
const FIRST_WITH_ORDINARY_SUBSCRIBERS = 16;

/** Without what the role that restores may not make at all, and leaves out. */
export function ownedBySuperusers(
  entries: readonly TocEntry[],
  { major, superuser, rdsSuperuser }: Pick<ServerFacts, 'major' | 'superuser' | 'rdsSuperuser'>,
): OwnedObject[] {
  const kinds = new Set<string>();
  if (superuser || rdsSuperuser) kinds.add('EVENT TRIGGER');
  if (superuser) kinds.add('FOREIGN DATA WRAPPER');
  if (superuser && major < FIRST_WITH_ORDINARY_SUBSCRIBERS) kinds.add('SUBSCRIPTION');
  return entries
    .filter(({ kind, owner }) => kinds.has(kind) && owner !== '')
    .map((entry) => ({ name: nameOf(entry), owner: entry.owner }));
}
