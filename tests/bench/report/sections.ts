/** What a bench has to say, part by part, for the terminal and for the page alike; only what was measured. */
import type { BenchResults } from '../results.ts';
import { DUMP_WAYS, RESTORE_WAYS } from '../ways/ways.ts';
import { summarise } from './summary.ts';
import {
  circumstances,
  dumpCosts,
  dumpTimes,
  lineSentence,
  restoreCosts,
  restoreTimes,
  targets,
  timeBySize,
  type Cells,
} from './tables.ts';
import { dumpVerdicts, restoreVerdicts } from './verdicts.ts';

export interface Section {
  /** Of its markers in docs/performance.md. */
  readonly name: string;
  readonly title: string;
  readonly cells: Cells;
  /** Below the table. */
  readonly sentence?: string;
}

export function sectionsOf(results: BenchResults): Section[] {
  const dumps = summarise(results, DUMP_WAYS);
  const restores = summarise(results, RESTORE_WAYS);
  const size = `${results.comparedMb} MB`;
  const sections: Section[] = [{ name: 'circumstances', title: 'How it was measured', cells: circumstances(results) }];
  if (dumps.length > 0) {
    sections.push(
      { name: 'times', title: `Dumping ${size}`, cells: dumpTimes(dumps, results.machine.cores) },
      { name: 'costs', title: 'What the dumps used', cells: dumpCosts(dumps) },
      {
        name: 'time-by-size',
        title: 'Time against size: holdfast, every row counted',
        cells: timeBySize(results),
        sentence: lineSentence(results),
      },
      { name: 'targets', title: 'Targets of dumps', cells: targets(dumpVerdicts(results, dumps)) },
    );
  }
  if (restores.length > 0) {
    sections.push(
      {
        name: 'restore-times',
        title: `Restoring ${size}`,
        cells: restoreTimes(restores),
        sentence: `Measured ${results.at}, rounds: ${results.rounds}.`,
      },
      { name: 'restore-costs', title: 'What the restores used', cells: restoreCosts(restores) },
      { name: 'restore-targets', title: 'Targets of restores', cells: targets(restoreVerdicts(results, restores)) },
    );
  }
  return sections;
}
