import { describe, expect, test } from '@jest/globals';
import { HoldfastError } from '../../../../../core/errors.ts';
import {
  findDifferences,
  findProblems,
  jobsFor,
  list,
  requireNoProblem,
  type DatabaseState,
  type RestoreNeeds,
  type ServerFacts,
} from '../../../../../core/postgres/restore/preflight.ts';

const needs: RestoreNeeds = {
  database: 'shop',
  allowNotEmpty: false,
  roles: 'create',
  dump: { encoding: 'UTF8', collation: 'de_DE.UTF-8', localeProvider: 'libc', locale: null },
  sourceMajor: 17,
  sourceVersion: '17.5',
  extensions: [
    { name: 'plpgsql', schema: 'pg_catalog', version: '1.0' },
    { name: 'hstore', schema: 'public', version: '1.8' },
  ],
  roleNames: ['app'],
  superuserOwned: [],
  usesLz4: true,
  throwaway: false,
};

const server: ServerFacts = {
  version: '17.11',
  major: 17,
  user: 'master',
  superuser: false,
  createDb: true,
  createRole: true,
  rdsSuperuser: false,
  freeConnections: 20,
  lz4: true,
  icu: true,
  knowsLocale: true,
  roles: new Set(['master']),
  superusers: new Set(['rdsadmin']),
  extensions: [{ name: 'hstore', version: '1.8', isDefault: true, superuserOnly: false }],
  database: undefined,
};

const empty: DatabaseState = { encoding: 'UTF8', comment: null, mayCreate: true, content: [], extensions: [] };

test('a server that has everything is no problem, and no difference', () => {
  expect(findProblems(needs, server)).toEqual([]);
  expect(findProblems(needs, { ...server, database: empty })).toEqual([]);
  expect(findDifferences(needs, server)).toEqual([]);
});

const icu = { ...needs.dump, localeProvider: 'icu' as const, locale: 'de-DE' };
const builtin = { ...needs.dump, localeProvider: 'builtin' as const, locale: 'C.UTF-8' };
const untrusted = [{ name: 'hstore', version: '1.8', isDefault: true, superuserOnly: true }];
const watch = [{ name: 'EVENT TRIGGER watch', owner: 'app' }];

describe('a restore does not begin', () => {
  test.each<[string, Partial<RestoreNeeds>, Partial<ServerFacts>, RegExp]>([
    [
      'where the user may make no database',
      {},
      { createDb: false },
      /^master may not create database shop: give it CREATEDB$/,
    ],
    ['where the locale is not known', {}, { knowsLocale: false }, /^the target does not know the locale de_DE\.UTF-8$/],
    ['where ICU is missing', { dump: icu }, { icu: false }, /^the target was built without ICU, for locale de-DE$/],
    [
      'where the builtin provider is not known',
      { dump: builtin },
      { major: 16, version: '16.9' },
      /"builtin" .* PostgreSQL 16\.9$/,
    ],
    ['where an extension is missing', {}, { extensions: [] }, /^the target lacks extensions: hstore$/],
    [
      'where only a superuser may make one',
      {},
      { extensions: untrusted },
      /^master may not create extensions hstore: let a superuser /,
    ],
    [
      'where roles are missing and not to be made',
      { roles: 'skip' },
      {},
      /^the target lacks roles: app: create them, /,
    ],
    [
      'where roles may not be made',
      {},
      { createRole: false },
      /^master may not create the missing roles app: give it CREATEROLE$/,
    ],
    [
      'where an owner must be a superuser',
      { superuserOwned: watch },
      {},
      /^only a superuser may own EVENT TRIGGER watch, .*: app: /,
    ],
    ['where lz4 is missing', {}, { lz4: false }, /compressed with lz4/],
    [
      'where connections are few',
      {},
      { freeConnections: 2 },
      /^master may open 2 more connections, and a restore needs 3$/,
    ],
    [
      'into another encoding',
      {},
      { database: { ...empty, encoding: 'LATIN1' } },
      /^database shop has encoding LATIN1, the dump UTF8$/,
    ],
    [
      'where nothing may be made',
      {},
      { database: { ...empty, mayCreate: false } },
      /^master may not create schemas in database shop$/,
    ],
  ])('%s', (_, need, have, message) => {
    const problems = findProblems({ ...needs, ...need }, { ...server, ...have });
    expect(problems).toEqual([{ code: 'RestoreFailed', message: expect.stringMatching(message) as unknown }]);
  });

  test('into what holds something, but when it is told to', () => {
    const taken = { ...server, database: { ...empty, content: ['relation public.mine'] } };
    expect(findProblems(needs, taken)).toEqual([
      { code: 'TargetNotEmpty', message: 'database shop is not empty: it holds relation public.mine' },
    ]);
    expect(findProblems({ ...needs, allowNotEmpty: true }, taken)).toEqual([]);
  });
});

test('a superuser, and a member of rds_superuser, may make every extension', () => {
  const only = { ...server, extensions: untrusted };
  expect(findProblems(needs, { ...only, superuser: true })).toEqual([]);
  expect(findProblems(needs, { ...only, rdsSuperuser: true })).toEqual([]);
});

test('an extension that is there already, and a role, need not be made', () => {
  const prepared = { ...server, extensions: [], createRole: false, roles: new Set(['master', 'app']) };
  expect(findProblems(needs, { ...prepared, database: { ...empty, extensions: ['hstore'] } })).toEqual([]);
});

test('what a throwaway server lacks makes a point untestable, not bad', () => {
  const throwaway = { ...needs, throwaway: true, dump: icu, superuserOwned: watch };
  const poor = { ...server, superuser: true, knowsLocale: false, icu: false, lz4: false, extensions: [] };
  expect(findProblems(throwaway, poor).map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'Untestable'));
});

test('all problems are said at once, under the code of the one that is about data', () => {
  const taken = { ...server, lz4: false, database: { ...empty, content: ['relation public.mine'] } };
  const refused = (): void => {
    requireNoProblem(findProblems(needs, taken).reverse());
  };
  expect(refused).toThrow(HoldfastError);
  expect(refused).toThrow(expect.objectContaining({ code: 'TargetNotEmpty' }));
  expect(refused).toThrow(/lz4.*; database shop is not empty/);
  expect(() => {
    requireNoProblem([]);
  }).not.toThrow();
});

test('an older server is a difference', () => {
  expect(findDifferences(needs, { ...server, major: 16, version: '16.9' })).toEqual([
    { kind: 'server', object: 'PostgreSQL 16.9', detail: expect.stringContaining('17.5, which is newer') as unknown },
  ]);
});

test('jobs leave two connections to others', () => {
  expect([1, 2, 3, 4, 20].map((free) => jobsFor(4, free))).toEqual([0, 0, 1, 2, 4]);
});

test('of a long list the first ten are named', () => {
  const names = Array.from({ length: 12 }, (_, n) => `t${n}`);
  expect(list(names)).toBe('t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more');
  expect(list(names.slice(0, 10))).not.toContain('more');
});
