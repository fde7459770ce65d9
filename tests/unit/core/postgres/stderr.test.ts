import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lastLines, redact, warningsOf } from '../../../../core/postgres/stderr.ts';

describe('redact', () => {
  test('leaves no trace of a secret, plain or in a URL', () => {
    expect(redact('login postgres://u:p%40ss%2Fw@h failed with p@ss/w', ['p@ss/w'])).toBe(
      'login postgres://u:***@h failed with ***',
    );
  });

  test('replaces the longer of two that overlap', () => {
    expect(redact('secret-two', ['secret', 'secret-two'])).toBe('***');
  });

  test('holds for every secret and every text around it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 3 }), fc.string(), (before, secret, after) => {
        // Asterisks may join the replacement to a word that was not there.
        fc.pre(!secret.includes('*'));
        expect(redact(`${before}${secret}${after}`, [secret])).not.toContain(secret);
      }),
    );
  });

  test('does not blot out everything for an empty or tiny secret', () => {
    expect(redact('abc', ['', 'a'])).toBe('abc');
  });
});

describe('warningsOf', () => {
  test('keeps warnings only, each once', () => {
    const text = 'pg_dump: warning: one\npg_dump: detail: x\npg_dump: warning: one\npg_dump: error: no\n';
    expect(warningsOf(text)).toEqual(['pg_dump: warning: one']);
  });

  test('is bounded', () => {
    const text = Array.from({ length: 50 }, (_, index) => `warning: ${index} ${'🐘'.repeat(400)}`).join('\n');
    const warnings = warningsOf(text);
    expect(warnings).toHaveLength(20);
    expect(Math.max(...warnings.map(({ length }) => length))).toBeLessThanOrEqual(300);
    expect(warnings.every((warning) => warning.isWellFormed())).toBe(true);
  });
});

test('lastLines joins what is left of the end', () => {
  expect(lastLines('one\n\ntwo  \nthree\n', 2, 100)).toBe('two; three');
  expect(lastLines('', 2, 100)).toBe('');
});
