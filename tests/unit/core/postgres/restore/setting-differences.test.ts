import { expect, test } from '@jest/globals';
import {
  lackingSettings,
  settingDifferences,
  type Setting,
} from '../../../../../core/postgres/restore/setting-differences.ts';

const of = (name: string, value: string, role: string | null = null): Setting => ({ name, value, role });
const recorded = [
  of('work_mem', '5MB'),
  of('app.key', 'hidden'),
  of('work_mem', '6MB', 'app'),
  of('a', 'b', 'rdsadmin'),
];
const found = [of('app.key', 'other'), of('work_mem', '6MB', 'app'), of('jit', 'off'), of('c', 'd', 'rds_superuser')];

test('what is set as it was is no difference, whoever else has what', () => {
  const taken = { wereSet: true, superuser: true, refusals: new Map<Setting, string>() };
  expect(settingDifferences(recorded, [...recorded].reverse(), taken)).toEqual([]);
});

test.each([
  [{ wereSet: true, superuser: true }, 'the target has not taken it'],
  [{ wereSet: true, superuser: false }, 'the role that restores may not set it, or the target has no such parameter'],
  [{ wereSet: false, superuser: true }, 'the database was in use, and keeps its own'],
])('each is named with why, and without its value: %j', (taken, reason) => {
  expect(settingDifferences(recorded, found, { ...taken, refusals: new Map<Setting, string>() })).toEqual([
    { kind: 'setting', object: 'work_mem', detail: `it is not set: ${reason}` },
    { kind: 'setting', object: 'app.key', detail: `it has another value: ${reason}` },
    { kind: 'setting', object: 'jit', detail: 'it is set, and was not in the source' },
  ]);
});

test('what the server refuses is another difference', () => {
  const [workMem, key] = lackingSettings(recorded, found);
  expect([workMem, key]).toEqual([of('work_mem', '5MB'), of('app.key', 'hidden')]);
  if (workMem === undefined) throw new Error('nothing is lacking');
  const taken = { wereSet: true, superuser: true, refusals: new Map([[workMem, 'no such parameter']]) };
  expect(settingDifferences(recorded, found, taken)).toMatchObject([
    { kind: 'refused setting', object: 'work_mem', detail: 'no such parameter' },
    { kind: 'setting', object: 'app.key' },
    { kind: 'setting', object: 'jit' },
  ]);
});
