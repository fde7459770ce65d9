/** Tables and lists of facts as plain text: no frames and no colours, so that they can be piped and pasted. */
import Table from 'cli-table3';
import { printableLine } from './printable.ts';

const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Columns two spaces apart under their titles; a value is one line, whatever it holds. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  made.push(...rows.map((row) => row.map(printableLine)));
  return trimLines(made.toString());
}

/** `name  value` lines; those without a value are left out. */
export function facts(entries: readonly (readonly [name: string, value: string | null])[]): string {
  const given = entries.flatMap(([name, value]) => (value === null || value === '' ? [] : [{ name, value }]));
  const width = Math.max(...given.map(({ name }) => name.length));
  return given.map(({ name, value }) => `${name.padEnd(width)}  ${printableLine(value)}`).join('\n');
}

export function indent(text: string, by = '  '): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : `${by}${line}`))
    .join('\n');
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
