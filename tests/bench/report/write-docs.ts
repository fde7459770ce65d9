/** Puts what was measured into docs/performance.md, between its markers, so that nobody types a figure. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../../core/errors.ts';
import { table } from '../../../infra/markdown-table.ts';
import type { BenchResults } from '../results.ts';
import { drawPicture } from './picture.ts';
import { sectionsOf } from './sections.ts';
import { sizeSeries } from './size-series.ts';
import type { Cells } from './tables.ts';

const DOCS = path.join(import.meta.dirname, '../../../docs');

/**
 * What was not measured this time stays as it is.
 * @throws InvalidInput where the page lacks a marker
 */
export async function writeDocs(results: BenchResults): Promise<void> {
  const file = path.join(DOCS, 'performance.md');
  let page = await readFile(file, 'utf8');
  const series = sizeSeries(results);
  const withDumps = series.points.length > 0;
  for (const { name, cells, sentence } of sectionsOf(results)) {
    // Those of the dumps; restores say for themselves when they were measured.
    if (name === 'circumstances' && !withDumps) continue;
    page = replaceSection(page, name, [markdown(cells), ...(sentence === undefined ? [] : [sentence])].join('\n\n'));
  }
  await writeFile(file, page);
  if (withDumps) await writeFile(path.join(DOCS, 'performance.svg'), drawPicture(series));
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
