/** Lengths of time as a person writes them: a whole number and one unit, such as `15m`, `26h` or `2y`. */

const SECOND_MS = 1000;

/** Months are left out on purpose: `m` would be read as one of the two. A year is 365 days. */
const UNIT_MS = {
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
  w: 7 * 86_400 * SECOND_MS,
  y: 365 * 86_400 * SECOND_MS,
} as const;

export const DURATION_PATTERN = /^([1-9][0-9]{0,5})([smhdwy])$/;

export const DURATION_HELP = 'write a number and one of s, m (minutes), h, d, w, y, such as 90m, 26h or 2y';

/** Milliseconds of a duration, or undefined where the text is none. */
export function parseDurationMs(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** Milliseconds of a duration that the configuration has accepted. Throws a RangeError on any other text. */
export function durationMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new RangeError(`"${text}" is not a duration: ${DURATION_HELP}`);
  return ms;
}
