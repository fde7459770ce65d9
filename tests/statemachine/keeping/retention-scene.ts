/** A source of its own for each test of retention, what runs have left of it, and the machine's two functions on it. */
import { beforeEach } from '@jest/globals';
import type { AppliedRetention, Removal } from '../../../core/retention-steps.ts';
import type { RunRow } from '../../../core/run-record.ts';
import { applyRemovals } from '../../../functions/apply-retention.ts';
import { planSource } from '../../../functions/plan-retention.ts';
import { INSTANCE, leave, pointRow } from './world.ts';

const SOURCES = Array.from({ length: 25 }, (_, index) => `source-${index}`);
const DEFAULTS = `
  rds: { instance: ${INSTANCE}, snapshot: { keepLast: 1 } }
  connection: { secret: x }
  alarmAfter: 26h
  retention: { keepLast: 2 }`;

/** Text of holdfast.yml. */
export const CONFIG = `defaults:${DEFAULTS}\nsources:\n${SOURCES.map((name) => `  ${name}: {}`).join('\n')}\n`;

export const NOW = new Date('2026-11-18T09:00:00Z');

let sources = 0;
let source: string;

/** To be called once in a test file. */
export function useSourceForEachTest(): void {
  beforeEach(() => {
    source = SOURCES[sources++] ?? '';
  });
}

/** Of the test that is running. */
export const sourceName = (): string => source;

/** A night of this month. */
export const night = (date: number): string => `2026-11-${String(date).padStart(2, '0')}T02:30:00.000Z`;

/** The row of a verified run of that night, not yet in the table. */
export const rowOfNight = (date: number, more: Partial<RunRow> = {}): RunRow => pointRow(source, night(date), more);

/** A verified run of that night, with its objects. */
export const left = (date: number, more: Partial<RunRow> = {}): Promise<RunRow> => leave(rowOfNight(date, more));

/** Verified runs of the two nights that the rules keep. */
export async function leftNewest(): Promise<RunRow> {
  await left(17);
  return left(18);
}

export const removal = ({ sk }: RunRow, action: Removal['action'] = 'remove'): Removal => ({
  sk,
  action,
  reasons: ['test'],
});

export const apply = (...removals: Removal[]): Promise<AppliedRetention> =>
  applyRemovals({ source, removals }, () => NOW);

/** Plans and applies, as the machine does. */
export async function runRetention(): Promise<AppliedRetention> {
  const { removals } = await planSource(source, false, NOW);
  return applyRemovals({ source, removals }, () => NOW);
}
