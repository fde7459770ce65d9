/** Puts what was measured into docs/performance.md, between its markers, so that nobody types a figure. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../../core/errors.ts';
import { table } from '../../../infra/markdown-table.ts';
import type { BenchResults } from '../results.ts';
import { drawPicture } from './picture.ts';
import { sizeSeries } from './size-series.ts';
import { summarise } from './summary.ts';
import { circumstances, costs, lineSentence, targets, timeBySize, times, type Cells } from './tables.ts';

const DOCS = path.join(import.meta.dirname, '../../../docs');

/** @throws InvalidInput where the page lacks a marker */
export async function writeDocs(results: BenchResults): Promise<void> {
  const rows = summarise(results);
  const sections = {
    circumstances: markdown(circumstances(results)),
    times: markdown(times(rows, results.machine.cores)),
    costs: markdown(costs(rows)),
    targets: markdown(targets(results, rows)),
    'time-by-size': `${markdown(timeBySize(results))}\n\n${lineSentence(results)}`,
  };
  const file = path.join(DOCS, 'performance.md');
  let page = await readFile(file, 'utf8');
  for (const [name, content] of Object.entries(sections)) page = replaceSection(page, name, content);
  await writeFile(file, page);
  await writeFile(path.join(DOCS, 'performance.svg'), drawPicture(sizeSeries(results)));
}

function markdown({ head, rows }: Cells): string {
  return table(
    head,
    rows.map((row) => head.map((_, column) => row[column] ?? '')),
  );
}

function replaceSection(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- bench: ${name} -->`, `<!-- /bench: ${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new HoldfastError('InvalidInput', `docs/performance.md lacks "${start}" or "${end}": put them back`);
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`;
}
