/** Part of state VerifyDump: what speaks against a dump although every object is as it was sent. */
import { earlierRuns } from '../aws/earlier-runs.ts';
import { readEvidence } from '../aws/evidence.ts';
import type { SizeGate } from '../core/config/size-gate.ts';
import type { DatabaseDump } from '../core/manifest.ts';
import type { DatabaseFailure, RunRow } from '../core/run-record.ts';
import {
  countedAlike,
  dumpsOf,
  emptiedTables,
  isComplete,
  isUsual,
  sizedAlike,
  smallerThanUsual,
  vanishedDatabases,
} from '../core/size-gate.ts';

/** Compares the dumps of a run with those of the last usual runs, however many have failed since. */
export async function findSuspicions(run: RunRow, dumps: readonly DatabaseDump[]): Promise<DatabaseFailure[]> {
  const gate = run.plan?.sizeGate;
  if (!gate) return [];
  const baseline = await usualRuns(run);
  const found = vanishedDatabases(run, baseline).map((database) =>
    suspicion(database, 'the last verified run dumped it, and the server does not have it any more'),
  );
  // One after the other: the evidence of two databases may have 100,000 tables each.
  for (const dump of dumps) {
    const reasons = await reasonsAgainst(dump, run, baseline, gate);
    if (reasons.length > 0) found.push(suspicion(dump.database, reasons.join('; ')));
  }
  return found;
}

/** Newest first. */
async function usualRuns(run: RunRow): Promise<RunRow[]> {
  const baseline: RunRow[] = [];
  for await (const row of earlierRuns(run)) {
    if (isUsual(row)) baseline.push(row);
    if (isComplete(baseline)) break;
  }
  return baseline;
}

function suspicion(database: string, message: string): DatabaseFailure {
  return { database, failure: { code: 'Suspect', message } };
}

async function reasonsAgainst(
  dump: DatabaseDump,
  run: RunRow,
  baseline: readonly RunRow[],
  gate: SizeGate,
): Promise<string[]> {
  const size = smallerThanUsual(dump, dumpsOf(dump.database, sizedAlike(run, baseline)), gate);
  const [last] = dumpsOf(dump.database, countedAlike(run, baseline));
  const [now, before] = last ? [await readEvidence(dump), await readEvidence(last)] : [];
  return [size, now && before && emptiedTables(now, before, gate)].filter((reason) => reason !== undefined);
}
