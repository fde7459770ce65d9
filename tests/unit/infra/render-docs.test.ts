import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { ERRORS } from '../../../core/errors.ts';
import { renderDocs } from '../../../infra/render-docs.ts';

const ROOT = join(__dirname, '../../..');

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function validatorOf(path: string): (value: unknown) => boolean {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(read(path)) as object);
  return (value) => validate(value);
}

test.each(renderDocs())('$path is what the code says', ({ path, content }) => {
  expect(read(path)).toBe(content);
});

test('the page of errors has a row for each', () => {
  const rows = read('docs/errors.md').match(/^\| `\w+`/gm) ?? [];
  expect(rows.map((row) => row.slice(3, -1))).toEqual(Object.keys(ERRORS));
});

describe('the schema of holdfast.yml for editors', () => {
  const isValid = validatorOf('docs/holdfast.schema.json');

  test('accepts the example', () => {
    expect(isValid(parse(read('holdfast.example.yml')))).toBe(true);
  });

  test('accepts what defaults make whole, and a default taken away', () => {
    expect(
      isValid({
        defaults: { connection: { secret: 's' }, rds: { snapshot: { keepLast: 2 } }, schedule: { timezone: 'UTC' } },
        sources: { a: { rds: { instance: 'i' }, schedule: null } },
      }),
    ).toBe(true);
  });

  test.each([
    [{ sources: { a: { connection: { secret: 's' }, schedul: {} } } }],
    [{ sources: { 'a--b': { connection: { secret: 's' } } } }],
    [{ sources: { a: { worker: { cpu: 3 } } } }],
    [{ sources: { a: { alarmAfter: '26 hours' } } }],
    [{}],
  ])('refuses %j', (value) => {
    expect(isValid(value)).toBe(false);
  });
});
