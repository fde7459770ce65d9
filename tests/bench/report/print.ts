/** A bench's results in the terminal. */
import Table from 'cli-table3';
import type { BenchResults } from '../results.ts';
import { sectionsOf } from './sections.ts';
import type { Cells } from './tables.ts';

export function printResults(results: BenchResults): void {
  for (const { title, cells, sentence } of sectionsOf(results)) {
    print(title, cells);
    if (sentence !== undefined) console.log(sentence);
  }
}

function print(title: string, { head, rows }: Cells): void {
  const made = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  // A short row says in its last cell what there is instead of figures.
  made.push(
    ...rows.map((row) => [...row.slice(0, -1), { content: row.at(-1) ?? '', colSpan: head.length - row.length + 1 }]),
  );
  console.log(`\n${title}\n${made.toString()}`);
}
