/** Part of state VerifyDump: what speaks against a dump although every object is as it was sent. */
import { earlierRuns } from '../aws/earlier-runs.ts';
import { readEvidence } from '../aws/evidence.ts';
import type { SizeGate } from '../core/config/size-gate.ts';
import type { DatabaseDump } from '../core/manifest.ts';
import type { DatabaseFailure, RunRow } from '../core/run-record.ts';
import { baselineOf, dumpsOf, emptiedTables, smallerThanUsual } from '../core/size-gate.ts';

/** Failed runs take places too: with one a day, a month without a verified run is looked back. */
const RUNS_LOOKED_AT = 30;

/** Compares the dumps of a run with those of the last verified runs. */
export async function findSuspicions(run: RunRow, dumps: readonly DatabaseDump[]): Promise<DatabaseFailure[]> {
  const gate = run.plan?.sizeGate;
  if (!gate) return [];
  const baseline = baselineOf(run, await earlierRuns(run, RUNS_LOOKED_AT));
  const found: DatabaseFailure[] = [];
  // One after the other: the evidence of two databases may have 100,000 tables each.
  for (const dump of dumps) {
    const reasons = await suspicionsOf(dump, dumpsOf(dump.database, baseline), gate);
    if (reasons.length === 0) continue;
    found.push({ database: dump.database, failure: { code: 'Suspect', message: reasons.join('; ') } });
  }
  return found;
}

async function suspicionsOf(dump: DatabaseDump, past: readonly DatabaseDump[], gate: SizeGate): Promise<string[]> {
  const [last] = past;
  if (!last) return [];
  const [now, before] = [await readEvidence(dump), await readEvidence(last)];
  const reasons = [smallerThanUsual(dump, past, gate), now && before && emptiedTables(now, before, gate)];
  return reasons.filter((reason) => reason !== undefined);
}
