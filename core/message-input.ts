/** What a message is made of. */
import type { RunRow } from './run-record.ts';

export interface MessageInput {
  readonly run: RunRow;
  /** The newest verified recovery point of the source, which may be this run; null: there is none. */
  readonly latest: LatestPoint | null;
  readonly now: Date;
  /** Name of the bucket that holds the objects, to say where they are. */
  readonly bucket?: string;
}

export interface LatestPoint {
  readonly run: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export type MessageOutcome = 'started' | 'succeeded' | 'failed' | 'aborted';
