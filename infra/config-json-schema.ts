/** The JSON Schema of `holdfast.yml`, by which editors complete and explain its keys. */
import * as z from 'zod';
import { CONFIG_KEYS, SOURCE_KEYS } from '../core/config/schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const ConfigFile = z
  .strictObject({
    ...CONFIG_KEYS,
    defaults: z
      .strictObject(SOURCE_KEYS)
      .optional()
      .describe('keys for all sources; what a source says itself wins, mappings are merged one level deep'),
  })
  .describe('holdfast.yml: what Holdfast backs up, when, and whom it tells');

export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(ConfigFile, { io: 'input' });
  const { sources, defaults } = schema.properties ?? {};
  if (!isSchema(sources) || !isSchema(sources.additionalProperties) || !isSchema(defaults)) {
    throw new TypeError('the schema of holdfast.yml has no sources or no defaults');
  }
  const source = withInherited(sources.additionalProperties);
  return {
    ...schema,
    properties: {
      ...schema.properties,
      sources: { ...sources, additionalProperties: source },
      defaults: { ...withoutRequired(defaults), properties: mapValues(defaults.properties, withoutRequired) },
    },
  };
}

/** A source as one writes it: `defaults` may hold what is missing, and null takes a default away. */
function withInherited(source: JsonSchema): JsonSchema {
  return {
    ...withoutRequired(source),
    properties: mapValues(source.properties, (key) => {
      const { description, ...schema } = withoutRequired(key);
      return { ...(description !== undefined && { description }), anyOf: [schema, { type: 'null' }] };
    }),
  };
}

function withoutRequired(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== 'required'));
}

function mapValues(
  properties: JsonSchema['properties'],
  change: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  const entries = Object.entries(properties ?? {});
  return Object.fromEntries(entries.map(([key, schema]) => [key, isSchema(schema) ? change(schema) : {}]));
}

function isSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === 'object' && schema !== null;
}
