/** The differences of a restored database: all of them into the worker's log, and what there is room for into its row. */
import { groupDifferences } from '../core/group-differences.ts';
import { inBatches } from '../core/in-batches.ts';
import { DIFFERENCES_MAX, type RestoredDatabase } from '../core/restore-record.ts';
import { log } from './log.ts';

/** Of the objects with one difference in common. */
const NAMES_SHOWN_MAX = 10;
/** CloudWatch takes 256 KB in one event; a difference seldom has more than 300 bytes. */
const PER_LOG_LINE = 100;

/** @param restored with every difference @returns with a line for each reason, DIFFERENCES_MAX at most */
export function recordDifferences(restored: RestoredDatabase): RestoredDatabase {
  for (const differences of inBatches(restored.differences, PER_LOG_LINE)) {
    log('info', 'different from the source', { database: restored.database, differences });
  }
  const lines = groupDifferences(restored.differences, NAMES_SHOWN_MAX);
  return {
    ...restored,
    differences: lines.slice(0, DIFFERENCES_MAX),
    differencesOmitted: Math.max(0, lines.length - DIFFERENCES_MAX),
  };
}
