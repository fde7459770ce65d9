/** docs/manifest.md: every field of the manifest and of the evidence, from their schemas. */
import * as z from 'zod';
import { Evidence, Manifest } from '../core/manifest.ts';
import { table } from './markdown-table.ts';

/** The parts of a JSON Schema that the two schemas use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly format?: string;
}

export function manifestPage(): string {
  return `# The manifest

\`manifest.json\` lies beside the objects of a run; the same fields, without the restore commands, are in the run's row of
the table. With it, access to S3 and PostgreSQL's own tools, a database can be restored without Holdfast. Times are
ISO-8601 in UTC. A reader must refuse a \`format\` that it does not know, and keep fields that it does not know.

This page is made from \`core/manifest.ts\`, as are [manifest.schema.json](manifest.schema.json) and
[evidence.schema.json](evidence.schema.json).

${fieldsOf(Manifest)}

## The evidence

\`evidence.json.gz\`: what was true of the data inside the snapshot that pg_dump used.

${fieldsOf(Evidence)}
`;
}

function fieldsOf(schema: z.ZodType): string {
  return table(['Field', 'Value', 'Meaning'], rowsOf('', z.toJSONSchema(schema) as Schema));
}

function rowsOf(path: string, schema: Schema): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const field = path === '' ? name : `${path}.${name}`;
    const { value, inner, suffix } = describe(property);
    return [[`\`${field}\``, value, property.description ?? ''], ...rowsOf(`${field}${suffix}`, inner)];
  });
}

function describe(schema: Schema): { value: string; inner: Schema; suffix: string } {
  const alternatives = schema.anyOf?.filter(({ type }) => type !== 'null');
  const [inner = schema] = alternatives ?? [];
  const nullable = alternatives !== undefined || (Array.isArray(schema.type) && schema.type.includes('null'));
  const items = inner.items;
  const value = items ? `list of ${items.properties ? 'objects' : nameOf(items)}` : nameOf(inner);
  return { value: nullable ? `${value} or null` : value, inner: items ?? inner, suffix: items ? '[]' : '' };
}

function nameOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((name) => `\`${name}\``).join(', ');
  if (schema.format === 'date-time') return 'time';
  const [type] = [schema.type ?? 'value'].flat().filter((name) => name !== 'null');
  return type ?? 'value';
}
