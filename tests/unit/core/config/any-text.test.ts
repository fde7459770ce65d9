import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { checkConfig } from '../../../../core/config/parse.ts';
import { SOURCE_KEYS } from '../../../../core/config/schema.ts';
import { errorOf, MINIMAL } from './config-text.ts';

describe('whatever the text', () => {
  test('only InvalidConfig is ever thrown', () => {
    const fragment = fc.constantFrom(
      ...[
        'sources:',
        '  orders:',
        '    connection:',
        ' { secret: s }',
        '&a ',
        '*a',
        '<<: ',
        '- ',
        '\n',
        '? ',
        '[',
        '}',
        '!!set ',
        '|',
        '"',
      ],
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(fragment, fc.string({ maxLength: 3 }))).map((parts) => parts.join('')),
      fc.json(),
      fc.jsonValue().map((value) => stringify({ sources: value, defaults: value })),
    );
    fc.assert(
      fc.property(text, (any) => {
        const { config, problems } = checkConfig(any);
        if (config === undefined) expect(problems.length).toBeGreaterThan(0);
        const lines = any.split(/\r\n|\n|\r/).length;
        for (const { line } of problems ?? []) expect(line >= 1 && line <= lines).toBe(true);
        if (problems !== undefined) expect(errorOf(any).code).toBe('InvalidConfig');
      }),
      { numRuns: 500 },
    );
  });

  test('every unknown key is named with its line', () => {
    const known = new Set([...Object.keys(SOURCE_KEYS), '<<']);
    const key = fc.stringMatching(/^[a-zA-Z_]{1,12}$/).filter((name) => !known.has(name));
    fc.assert(
      fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 6 }), (keys) => {
        const text = `${MINIMAL}${keys.map((name) => `    "${name}": 1\n`).join('')}`;
        const named = (checkConfig(text).problems ?? []).map(({ line, path }) => `${line} ${path}`);
        expect(named).toEqual(keys.map((name, index) => `${index + 4} sources.orders.${name}`));
      }),
    );
  });
});
