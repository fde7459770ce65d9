/** The differences of a restored database: all of them into the worker's log, and what there is room for into its row. */
import { rowDifferences } from '../core/group-differences.ts';
import { inBatches } from '../core/in-batches.ts';
import type { RestoredDatabase } from '../core/restore-record.ts';
import { log } from './log.ts';

/** CloudWatch takes 256 KB in one event; a difference seldom has more than 300 bytes. */
const PER_LOG_LINE = 100;

/** @param restored with every difference @param databases whose differences the row holds */
export function recordDifferences(restored: RestoredDatabase, databases: number): RestoredDatabase {
  for (const differences of inBatches(restored.differences, PER_LOG_LINE)) {
    log('info', 'different from the source', { database: restored.database, differences });
  }
  return { ...restored, ...rowDifferences(restored.differences, databases) };
}
