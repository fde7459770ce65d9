import { expect, test } from '@jest/globals';
import { describeFailure, onlyUnknownSettings } from '../../../../../core/postgres/restore/pg-restore-error.ts';

test('names object, reason and statement, and none of the values in them', () => {
  const stderr = [
    'pg_restore: connecting to database for restore',
    'pg_restore: while PROCESSING TOC:',
    'pg_restore: from TOC entry 4290; 1418 16999 USER MAPPING USER MAPPING shop SERVER far postgres',
    'pg_restore: error: could not execute query: ERROR:  invalid option "it\'s"',
    'HINT:  none',
    'Command was: CREATE USER MAPPING FOR shop SERVER far OPTIONS (',
    "    password 'it''s secret',",
    '    "user" \'u\'',
    ');',
    'pg_restore: warning: errors ignored on restore: 1',
  ].join('\n');
  const text = describeFailure(stderr);
  expect(text).toMatch(
    /^USER MAPPING USER MAPPING shop SERVER far postgres: could not execute query: ERROR: {2}invalid option/,
  );
  expect(text).toContain("in: CREATE USER MAPPING FOR shop SERVER far OPTIONS ( password '…', \"user\" '…' );");
  expect(text).not.toContain('secret');
});

test('says whose privileges were too few where PostgreSQL computes as the owner', () => {
  const denied = 'pg_restore: error: could not execute query: ERROR:  permission denied for table a';
  expect(describeFailure([denied, 'Command was: REFRESH MATERIALIZED VIEW public.m;'].join('\n'))).toMatch(
    /in: REFRESH MATERIALIZED VIEW public\.m; \(computed with the privileges of its owner, who may/,
  );
  expect(describeFailure([denied, 'Command was: GRANT SELECT ON TABLE public.a TO b;'].join('\n'))).toMatch(/TO b;$/);
});

test('shows the last words where there is no error line', () => {
  expect(describeFailure('a\nb\n\nc\nd\n')).toBe('b; c; d');
  expect(describeFailure('')).toBe('');
});

const UNKNOWN =
  'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"';
const IGNORED = 'pg_restore: warning: errors ignored on restore: 2';

test('an older server is excused for one setting, and for nothing else', () => {
  expect(onlyUnknownSettings([UNKNOWN, UNKNOWN, IGNORED].join('\n'))).toBe(true);
  const other = 'pg_restore: error: could not execute query: ERROR:  type "mood" does not exist';
  expect(onlyUnknownSettings([UNKNOWN, other, IGNORED].join('\n'))).toBe(false);
  expect(onlyUnknownSettings(UNKNOWN)).toBe(false);
  expect(describeFailure([UNKNOWN, other].join('\n'))).toContain('type "mood" does not exist');
});
