/** A bench's results in the terminal. */
import Table from 'cli-table3';
import type { BenchResults } from '../results.ts';
import { summarise } from './summary.ts';
import { circumstances, costs, lineSentence, targets, timeBySize, times, type Cells } from './tables.ts';

export function printResults(results: BenchResults): void {
  const rows = summarise(results);
  print('How it was measured', circumstances(results));
  print(`The ways at ${results.comparedMb} MB`, times(rows, results.machine.cores));
  print('What they used', costs(rows));
  print('Time against size: holdfast, every row counted', timeBySize(results));
  console.log(lineSentence(results));
  print('Targets', targets(results, rows));
}

function print(title: string, { head, rows }: Cells): void {
  const made = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  // A short row says in its last cell what there is instead of figures.
  made.push(
    ...rows.map((row) => [...row.slice(0, -1), { content: row.at(-1) ?? '', colSpan: head.length - row.length + 1 }]),
  );
  console.log(`\n${title}\n${made.toString()}`);
}
