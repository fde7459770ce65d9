import { describe, expect, test } from '@jest/globals';
import { backupInput, type BackupArguments } from '../../../cli/backup-input.ts';

const messageOf = (given: BackupArguments): string => {
  try {
    backupInput(given, {});
  } catch (error) {
    return String(error);
  }
  return 'accepted';
};

test('only what was given reaches the machine', () => {
  expect(backupInput({}, {})).toEqual({ trigger: 'cli' });
  expect(backupInput({ source: 'shop', label: 'before 4.2', include: 'dump, snapshot,dump' }, {})).toEqual({
    source: 'shop',
    label: 'before 4.2',
    include: ['dump', 'snapshot'],
    trigger: 'cli',
  });
});

describe('who started it', () => {
  test.each([
    [undefined, 'true', 'ci'],
    [undefined, '1', 'ci'],
    [undefined, undefined, 'cli'],
    [undefined, '', 'cli'],
    [undefined, 'false', 'cli'],
    [undefined, '0', 'cli'],
    ['cli', 'true', 'cli'],
    ['ci', undefined, 'ci'],
  ])('--trigger %s with CI=%s is %s', (trigger, CI, expected) => {
    expect(backupInput({ trigger }, { CI }).trigger).toBe(expected);
  });
});

test('everything wrong is said at once, by the names that were typed', () => {
  const given = { source: '', label: 'two\nlines', include: 'dmp,logs', trigger: 'schedule' };
  expect(messageOf(given)).toMatchInlineSnapshot(
    `"InvalidInput: source: is empty: give at least one; --label: must be one line without control characters; --include: "dmp" is not one of snapshot, dump, did you mean "dump"?; --include: "logs" is not one of snapshot, dump; --trigger: "schedule" is not one of cli, ci"`,
  );
  expect(messageOf({ include: ' , ' })).toMatchInlineSnapshot(`"InvalidInput: --include: is empty: give at least one"`);
  expect(messageOf({ label: 'x'.repeat(129) })).toMatchInlineSnapshot(
    `"InvalidInput: --label: is too long: at most 128"`,
  );
});
