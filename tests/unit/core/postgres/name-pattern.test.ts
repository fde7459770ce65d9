import { describe, expect, test } from '@jest/globals';
import { parseNamePattern } from '../../../../core/postgres/name-pattern.ts';

describe('parseNamePattern', () => {
  test.each([
    ['orders', null, '^(orders)$'],
    ['Orders', null, '^(orders)$'],
    ['"Orders"', null, '^(Orders)$'],
    ['audit.raw_*', '^(audit)$', '^(raw_.*)$'],
    ['a?.b', '^(a.)$', '^(b)$'],
    ['cost$', null, '^(cost\\$)$'],
    ['"dots.in*side"', null, '^(dots\\.in\\*side)$'],
    ['"say ""hi"""', null, '^(say "hi")$'],
    ['log_[0-9]*', null, '^(log_[0-9].*)$'],
    ['db.audit.raw', '^(audit)$', '^(raw)$'],
    ['mixed"UP"case', null, '^(mixedUPcase)$'],
  ])('%s', (pattern, schema, name) => {
    expect(parseNamePattern(pattern)).toEqual({ schema, name });
  });
});
