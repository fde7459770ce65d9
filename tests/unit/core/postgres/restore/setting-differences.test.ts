import { expect, test } from '@jest/globals';
import { settingDifferences, type Setting } from '../../../../../core/postgres/restore/setting-differences.ts';

const of = (name: string, value: string, role: string | null = null): Setting => ({ name, value, role });
const recorded = [
  of('work_mem', '5MB'),
  of('app.key', 'hidden'),
  of('work_mem', '6MB', 'app'),
  of('a', 'b', 'rdsadmin'),
];
const found = [of('app.key', 'other'), of('work_mem', '6MB', 'app'), of('jit', 'off'), of('c', 'd', 'rds_superuser')];

test('what is set as it was is no difference, whoever else has what', () => {
  const taken = { wereSet: true, superuser: true, unknown: new Set<string>() };
  expect(settingDifferences(recorded, [...recorded].reverse(), taken)).toEqual([]);
});

test.each([
  [{ wereSet: true, superuser: true }, 'the target has not taken it'],
  [{ wereSet: true, superuser: false }, 'the role that restores may not set it, or the target has no such parameter'],
  [{ wereSet: false, superuser: true }, 'the database was in use, and keeps its own'],
])('each is named with why, and without its value: %j', (taken, reason) => {
  expect(settingDifferences(recorded, found, { ...taken, unknown: new Set<string>() })).toEqual([
    { kind: 'setting', object: 'work_mem', detail: `it is not set: ${reason}` },
    { kind: 'setting', object: 'app.key', detail: `it has another value: ${reason}` },
    { kind: 'setting', object: 'jit', detail: 'it is set, and was not in the source' },
  ]);
});

test('a parameter that the server does not have is another difference', () => {
  const taken = { wereSet: true, superuser: true, unknown: new Set(['work_mem']) };
  const detail = 'the target has no parameter of that name';
  expect(settingDifferences(recorded, [...found, of('app.key', 'hidden')].slice(1), taken)).toMatchObject([
    { kind: 'unknown setting', object: 'work_mem', detail },
    { kind: 'setting', object: 'jit' },
  ]);
});
