/** What holdfast.yml says about how long the recovery points of a source stay. */
import type * as z from 'zod';
import { alarmAfterMs } from '../config/alarm-after.ts';
import type { Retention } from '../config/keeping.ts';
import type { Source } from '../config/schema.ts';

export interface Policy {
  /** undefined: no dump is removed but what failed runs left, which have no manifest. */
  readonly rules: z.infer<typeof Retention> | undefined;
  /** How many RDS snapshots stay; undefined: a snapshot stays as long as its dump. */
  readonly snapshotsKept: number | undefined;
  /** IANA name: where a day begins. */
  readonly timezone: string;
  /** A source whose newest verified point is older loses nothing. */
  readonly staleAfterMs: number;
}

/** Of a source that is not watched: a week and a day. Right after a run its rules apply, later nothing goes. */
const UNWATCHED_STALE_AFTER_MS = 8 * 86_400_000;

export function retentionPolicy(source: Source): Policy {
  return {
    rules: source.retention,
    snapshotsKept: source.rds?.snapshot?.keepLast,
    timezone: source.schedule?.timezone ?? 'UTC',
    staleAfterMs: alarmAfterMs(source) ?? UNWATCHED_STALE_AFTER_MS,
  };
}
