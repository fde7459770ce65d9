/** Figures as a person reads them: always the same text for the same value, whatever the machine's locale. */

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** `512 B`, `1.5 KiB`, `20.0 MiB`, `1.2 GiB`. */
export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  let value = sizeBytes / 1024;
  let unit = 0;
  // 1023.96 would be shown as 1024.0 of the smaller unit.
  while (value >= 1023.95 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${BYTE_UNITS[unit] ?? ''}`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 database`, `2 databases`; `plural` where an s is not enough. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** The two largest units of a length of time: `45 s`, `11 min 29 s`, `1 h 5 min`, `3 d 2 h`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < MINUTE_S) return `${seconds} s`;
  if (seconds < HOUR_S) return pair(seconds, MINUTE_S, 'min', 1, 's');
  return seconds < DAY_S ? pair(seconds, HOUR_S, 'h', MINUTE_S, 'min') : pair(seconds, DAY_S, 'd', HOUR_S, 'h');
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small);
  const head = `${Math.floor(seconds / large)} ${largeUnit}`;
  return rest === 0 ? head : `${head} ${rest} ${smallUnit}`;
}

/** `2025-11-21 02:30:11 UTC` of an ISO-8601 time. */
export function formatTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
