/** What belongs to a database itself, in one that was there before the restore: whose it is stays, and what differs is said. */
import type { Evidence } from '../../manifest.ts';
import type { Difference } from '../../restore-record.ts';
import { isPlatformRole } from '../roles-sql.ts';

type Identity = NonNullable<Evidence['database']>;

/** @param recorded undefined in evidence of the first versions: nobody knows */
export function databaseDifferences(database: string, recorded: Identity | undefined, found: Identity): Difference[] {
  if (recorded === undefined) return [];
  const object = `DATABASE ${database}`;
  const facts = [
    { kind: 'owner', now: found.owner, before: recorded.owner },
    { kind: 'connection limit', now: String(found.connectionLimit), before: String(recorded.connectionLimit) },
    { kind: 'comment', now: found.comment ?? 'none', before: recorded.comment ?? 'none' },
  ];
  return [
    ...facts
      .filter(({ now, before }) => now !== before)
      .map(({ kind, now, before }) => ({ kind, object, detail: `its ${kind} is ${now}, in the source ${before}` })),
    ...grantDifferences(object, recorded, found),
  ];
}

/** What owners have by owning it is no grant. */
function grantDifferences(object: string, recorded: Identity, found: Identity): Difference[] {
  const owners = [recorded.owner, found.owner];
  const grantsOf = ({ acl }: Identity): Set<string> => {
    const options = new Map<string, boolean>();
    for (const { grantee, privilege, grantable } of acl) {
      if (grantee !== null && (owners.includes(grantee) || isPlatformRole(grantee))) continue;
      // Several may have granted the same, of which a restore makes one.
      const grant = `${privilege} to ${grantee ?? 'PUBLIC'}`;
      options.set(grant, grantable || options.get(grant) === true);
    }
    return new Set([...options].map(([grant, option]) => `${grant}${option ? ' with grant option' : ''}`));
  };
  const before = grantsOf(recorded);
  const now = grantsOf(found);
  return [
    ...[...before]
      .filter((grant) => !now.has(grant))
      .map((grant) => ({ kind: 'privilege', object, detail: `${grant} is not granted` })),
    ...[...now]
      .filter((grant) => !before.has(grant))
      .map((grant) => ({
        kind: 'privilege',
        object,
        detail: `${grant} is granted, and was not in the source`,
      })),
  ];
}
