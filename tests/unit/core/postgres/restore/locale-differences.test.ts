import { expect, test } from '@jest/globals';
import { localeDifferences, type LocaleFacts } from '../../../../../core/postgres/restore/locale-differences.ts';

const german: LocaleFacts = {
  ...{ collation: 'de_DE.UTF-8', ctype: 'de_DE.UTF-8', localeProvider: 'libc', locale: null },
  collationVersion: '2.36',
};

test.each<[string, Partial<LocaleFacts>, Partial<LocaleFacts>]>([
  ['the same', {}, {}],
  ['a source that noted no version', { collationVersion: undefined }, {}],
  ['a source whose locale has none', { collationVersion: null }, {}],
  ['a target that is too old to know it', {}, { collationVersion: null }],
])('%s is no difference', (_, recorded, found) => {
  expect(localeDifferences('shop', { ...german, ...recorded }, { ...german, ...found })).toEqual([]);
});

test.each<[Partial<LocaleFacts>, RegExp]>([
  [{ collationVersion: '2.39' }, /^its locale libc de_DE\.UTF-8 has version 2\.39, the source had 2\.36: /],
  [{ collation: 'C', ctype: 'C' }, /^it has the locale libc C, the source had libc de_DE\.UTF-8: /],
  [{ ctype: 'C' }, /^it has the locale libc de_DE\.UTF-8 with ctype C, /],
  [{ localeProvider: 'icu', locale: 'de-DE' }, /^it has the locale icu de-DE and libc de_DE\.UTF-8, /],
])('%j is one', (change, detail) => {
  expect(localeDifferences('shop', german, { ...german, ...change })).toEqual([
    { kind: 'collation', object: 'DATABASE shop', detail: expect.stringMatching(detail) as unknown },
  ]);
});
