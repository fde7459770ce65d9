/** Names of time zones as EventBridge Scheduler takes them: IANA's, exactly as IANA spells them. */
import { nearestOf } from './nearest.ts';

/** Why a name is no time zone, or undefined. */
export function timezoneProblem(name: string): string | undefined {
  const known = Intl.supportedValuesOf('timeZone');
  if (name === 'UTC' || known.includes(name)) return undefined;
  const sameLetters = known.find((zone) => zone.toLowerCase() === name.toLowerCase());
  if (sameLetters === undefined && isAlias(name)) return undefined;
  const nearest = sameLetters ?? nearestOf(name, known);
  const hint = nearest === undefined ? 'use a name such as UTC or Europe/Paris' : `did you mean "${nearest}"?`;
  return `"${name}" is not an IANA time zone: ${hint}`;
}

/** Older names, such as Asia/Calcutta, are not listed but resolve. Offsets resolve too, but are no zones to AWS. */
function isAlias(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
