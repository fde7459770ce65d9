/** The pages of docs/ that are made from the code, so that they cannot say anything else than it does. */
import * as z from 'zod';
import { ERRORS } from '../core/errors.ts';
import { Evidence, Manifest } from '../core/manifest.ts';
import { configJsonSchema } from './config-json-schema.ts';
import { manifestPage } from './manifest-page.ts';
import { table } from './markdown-table.ts';

export interface Doc {
  /** Below the root of the repository. */
  readonly path: string;
  readonly content: string;
}

export function renderDocs(): Doc[] {
  return [
    { path: 'docs/holdfast.schema.json', content: json(configJsonSchema()) },
    { path: 'docs/manifest.schema.json', content: json(z.toJSONSchema(Manifest)) },
    { path: 'docs/evidence.schema.json', content: json(z.toJSONSchema(Evidence)) },
    { path: 'docs/manifest.md', content: manifestPage() },
    { path: 'docs/errors.md', content: errorsPage() },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const FIXED_BY = { operator: 'you', holdfast: 'Holdfast' } as const;

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, fixedBy, meaning, hint }]) => [
    `\`${code}\``,
    String(exit),
    FIXED_BY[fixedBy],
    meaning,
    hint,
  ]);
  return `# Errors

Every failure has one of these codes. It is the \`error\` of a failed execution, the \`failure.code\` of a run's record and
of its message, and the \`name\` of the error in a log. The exit code is that of the worker's container and of the
\`holdfast\` command. "Who" says who can remove the cause: you, with the hint, or Holdfast's developers.

This page is made from \`core/errors.ts\`.

${table(['Code', 'Exit', 'Who', 'Meaning', 'What to do'], rows)}
`;
}
