/** What a run says in figures. */
import type { Manifest } from './manifest.ts';
import type { Metric } from './metric-line.ts';
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
