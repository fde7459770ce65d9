/** What is set for a database and for roles in it, against what was set in the source. Values are not said: one may be a secret. */
import type { Evidence } from '../../manifest.ts';
import type { Difference } from '../../restore-record.ts';
import { isPlatformRole } from '../roles-sql.ts';

export type Setting = Evidence['settings'][number];

/** The kind of what is set in the source for a parameter that the target's server does not have. */
export const UNKNOWN_SETTING = 'unknown setting';

export interface SettingsTaken {
  /** Whether the restore has set them; it leaves alone what belongs to a database that is in use. */
  readonly wereSet: boolean;
  readonly superuser: boolean;
  /** Those of the source's parameters that the server does not have; nobody but a superuser can tell. */
  readonly unknown: ReadonlySet<string>;
}

export function settingDifferences(
  recorded: readonly Setting[],
  found: readonly Setting[],
  taken: SettingsTaken,
): Difference[] {
  const [before, now] = [recorded.filter(isOwn), found.filter(isOwn)];
  const has = (settings: readonly Setting[], { name, role }: Setting): Setting | undefined =>
    settings.find((one) => one.name === name && one.role === role);
  const lacking = before.filter((setting) => has(now, setting)?.value !== setting.value);
  return [
    ...lacking.map((setting) => {
      if (taken.unknown.has(setting.name))
        return { kind: UNKNOWN_SETTING, object: nameOf(setting), detail: 'the target has no parameter of that name' };
      const state = has(now, setting) ? 'it has another value' : 'it is not set';
      return { kind: 'setting', object: nameOf(setting), detail: `${state}: ${reasonOf(taken)}` };
    }),
    ...now
      .filter((setting) => has(before, setting) === undefined)
      .map((setting) => ({
        kind: 'setting',
        object: nameOf(setting),
        detail: 'it is set, and was not in the source',
      })),
  ];
}

/** What RDS sets for its own roles is not restored. */
const isOwn = ({ role }: Setting): boolean => role === null || !isPlatformRole(role);

const nameOf = ({ name, role }: Setting): string => (role === null ? name : `${name} of ${role}`);

function reasonOf({ wereSet, superuser }: SettingsTaken): string {
  if (!wereSet) return 'the database was in use, and keeps its own';
  if (superuser) return 'the target has not taken it';
  return 'the role that restores may not set it, or the target has no such parameter';
}
