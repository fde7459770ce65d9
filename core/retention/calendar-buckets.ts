/** Days, ISO weeks, months and years of a moment, as the clock on the wall of a time zone shows them. */

export const PERIODS = ['daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof PERIODS)[number];

/** `2026-11-18`, `2026-W47`, `2026-11`, `2026`. */
export type Buckets = Readonly<Record<Period, string>>;

const DAY_MS = 86_400_000;

/** Making a formatter takes longer than a thousand uses of it. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * @param at ISO-8601 UTC
 * @param timezone IANA name
 */
export function bucketsOf(at: string, timezone: string): Buckets {
  const day = localDay(at, timezone);
  return { daily: day, weekly: isoWeek(day), monthly: day.slice(0, 7), yearly: day.slice(0, 4) };
}

/** `yyyy-mm-dd`, of years 1000 to 9999. */
export function localDay(at: string, timezone: string): string {
  let formatter = formatters.get(timezone);
  if (!formatter) {
    // The Swedish form of a date is ISO's.
    formatter = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formatters.set(timezone, formatter);
  }
  return formatter.format(new Date(at));
}

/** ISO 8601: weeks begin on Monday and belong to the year that their Thursday is in. */
function isoWeek(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  const daysSinceMonday = (date.getUTCDay() + 6) % 7;
  const thursday = new Date(date.getTime() + (3 - daysSinceMonday) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS));
  return `${year}-W${String(week).padStart(2, '0')}`;
}
