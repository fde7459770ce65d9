/** What a run and a restore test say in figures. */
import type { Manifest, RestoreTestEntry } from './manifest.ts';
import type { Metric } from './metric-line.ts';
import { exceedsRto } from './restore-event.ts';
import type { VerifiedDump } from './steps.ts';

/** Databases whose objects are not what the worker had sent: each is an alarm, whatever becomes of the run. */
export function metricsOfVerification({ mismatches }: Pick<VerifiedDump, 'mismatches'>): Metric[] {
  return [{ name: 'VerificationMismatches', unit: 'Count', value: mismatches.length }];
}

/** A run that is not verified has no size and no duration that could be compared with others. */
export function metricsOfRun({ verdict, dumps, startedAt, finishedAt }: Manifest): Metric[] {
  if (verdict !== 'verified') return [{ name: 'Verified', unit: 'Count', value: 0 }];
  const bytes = dumps.flatMap(({ objects }) => objects).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return [
    { name: 'Verified', unit: 'Count', value: 1 },
    { name: 'Bytes', unit: 'Bytes', value: bytes },
    { name: 'Seconds', unit: 'Seconds', value: seconds },
  ];
}

/** Without a target no recovery time exceeds it; of a test that came to no end there is none. */
export function metricsOfRestoreTest({
  outcome,
  seconds,
  rtoSeconds,
}: Pick<RestoreTestEntry, 'outcome' | 'seconds' | 'rtoSeconds'>): Metric[] {
  return [
    { name: 'RestoreTestPassed', unit: 'Count', value: outcome === 'passed' ? 1 : 0 },
    { name: 'RecoveryTimeExceeded', unit: 'Count', value: exceedsRto(seconds, rtoSeconds) ? 1 : 0 },
    ...(seconds === null ? [] : [{ name: 'RecoverySeconds', unit: 'Seconds' as const, value: seconds }]),
  ];
}
