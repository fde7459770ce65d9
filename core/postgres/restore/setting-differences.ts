/** What is set for a database and for roles in it, against what was set in the source. Values are not said: one may be a secret. */
import type { Evidence } from '../../manifest.ts';
import type { Difference } from '../../restore-record.ts';
import { isPlatformRole } from '../roles-sql.ts';

export type Setting = Evidence['settings'][number];

/** The kind of what is set in the source and is nothing that the target's server could have. */
export const REFUSED_SETTING = 'refused setting';

export interface SettingsTaken {
  /** Whether the restore has set them; it leaves alone what belongs to a database that is in use. */
  readonly wereSet: boolean;
  readonly superuser: boolean;
  /** Why the server refuses those of `lackingSettings` that it does; nobody but a superuser can tell. */
  readonly refusals: ReadonlyMap<Setting, string>;
}

/** Those of the source that the target does not have. */
export function lackingSettings(recorded: readonly Setting[], found: readonly Setting[]): Setting[] {
  return recorded.filter((setting) => isOwn(setting) && namesake(found, setting)?.value !== setting.value);
}

export function settingDifferences(
  recorded: readonly Setting[],
  found: readonly Setting[],
  taken: SettingsTaken,
): Difference[] {
  return [
    ...lackingSettings(recorded, found).map((setting) => {
      const object = nameOf(setting);
      const refusal = taken.refusals.get(setting);
      if (refusal !== undefined) return { kind: REFUSED_SETTING, object, detail: refusal };
      const state = namesake(found, setting) ? 'it has another value' : 'it is not set';
      return { kind: 'setting', object, detail: `${state}: ${reasonOf(taken)}` };
    }),
    ...found
      .filter((setting) => isOwn(setting) && namesake(recorded, setting) === undefined)
      .map((setting) => ({
        kind: 'setting',
        object: nameOf(setting),
        detail: 'it is set, and was not in the source',
      })),
  ];
}

const namesake = (settings: readonly Setting[], { name, role }: Setting): Setting | undefined =>
  settings.find((one) => one.name === name && one.role === role);

/** What RDS sets for its own roles is not restored. */
const isOwn = ({ role }: Setting): boolean => role === null || !isPlatformRole(role);

const nameOf = ({ name, role }: Setting): string => (role === null ? name : `${name} of ${role}`);

function reasonOf({ wereSet, superuser }: SettingsTaken): string {
  if (!wereSet) return 'the database was in use, and keeps its own';
  if (superuser) return 'the target has not taken it';
  return 'the role that restores may not set it, or the target has no such parameter';
}
