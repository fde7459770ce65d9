/**
 * Writes the pages of docs/ that are made from the code.
 * `--check` writes nothing and exits 1 when one of them is not what the code says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderDocs } from './render-docs.ts';

const ROOT = join(import.meta.dirname, '..');

const docs = renderDocs().map((doc) => ({ ...doc, file: join(ROOT, doc.path) }));

if (process.argv.includes('--check')) {
  const stale = docs.filter(({ file, content }) => contentOf(file) !== content);
  for (const { path } of stale) console.error(`${path} is stale: run infra/generate-docs.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { file, content } of docs) writeFileSync(file, content);
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
