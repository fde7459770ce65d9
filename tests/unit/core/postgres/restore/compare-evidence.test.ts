import { expect, test } from '@jest/globals';
import type { Evidence } from '../../../../../core/manifest.ts';
import {
  compareEvidence,
  comparedText,
  extensionDifferences,
  type Found,
} from '../../../../../core/postgres/restore/compare-evidence.ts';
import { rowKey } from '../../../../../core/postgres/restore/select-entries.ts';

const evidence: Evidence = {
  tables: [
    { schema: 'public', name: 'orders', rows: 3 },
    { schema: 'audit', name: 'calls', rows: 0 },
  ],
  sequences: [{ schema: 'public', name: 'ids', lastValue: '41' }],
  largeObjects: { count: 2, sizeBytes: 10 },
  extensions: [{ name: 'hstore', schema: 'public', version: '1.8' }],
  settings: [],
};

const ids = { schema: 'public', name: 'ids', lastValue: '41', descending: false, cycles: false };
const found: Found = { ...evidence, sequences: [ids] };

test('equal is equal, and all of it was compared', () => {
  expect(compareEvidence(evidence, found, undefined)).toEqual({
    mismatches: [],
    tables: 2,
    rows: 3,
    sequences: 1,
    largeObjects: 2,
  });
});

test.each([
  [
    { tables: [{ schema: 'public', name: 'orders', rows: 2 }] },
    ['table public.orders has 2 rows, 3 were dumped', 'table audit.calls is missing'],
  ],
  [{ sequences: [] }, ['sequence public.ids is missing']],
  [
    { largeObjects: { count: 1, sizeBytes: 9 } },
    ['there are 1 large objects, 2 were dumped', 'large objects have 9 bytes, 10 were dumped'],
  ],
  [{ extensions: [] }, ['extension hstore is missing']],
] as const)('%j', (change, mismatches) => {
  const other = { ...found, ...structuredClone(change) } as Found;
  expect(compareEvidence(evidence, other, undefined).mismatches).toEqual(mismatches);
});

test.each([
  ['40', false, false, true],
  ['41', false, false, false],
  ['9223372036854775807', false, false, false],
  [null, false, false, true],
  ['42', true, false, true],
  ['40', true, false, false],
  ['1', false, true, false],
])('a sequence at %s, descending %s, cycling %s, is behind 41: %s', (lastValue, descending, cycles, behind) => {
  const sequences = [{ ...ids, lastValue, descending, cycles }];
  expect(compareEvidence(evidence, { ...found, sequences }, undefined).mismatches).toHaveLength(behind ? 1 : 0);
});

test('a part is compared alone', () => {
  const only = new Set([rowKey('public', 'orders')]);
  const part: Found = { tables: evidence.tables, sequences: [], largeObjects: { count: 0 }, extensions: [] };
  expect(compareEvidence(evidence, part, only)).toEqual({
    mismatches: [],
    tables: 1,
    rows: 3,
    sequences: 0,
    largeObjects: 0,
  });
});

test('what was compared has one text, whatever its order', () => {
  const turned = { ...evidence, tables: [...evidence.tables].reverse() };
  expect(comparedText(turned, undefined)).toBe(comparedText(evidence, undefined));
  expect(comparedText(evidence, new Set())).not.toBe(comparedText(evidence, undefined));
});

const database = {
  owner: 'app',
  acl: [
    { grantee: null, privilege: 'CONNECT', grantable: false },
    { grantee: 'reader', privilege: 'CONNECT', grantable: false },
  ],
  connectionLimit: -1,
  comment: null,
};

test.each<Partial<Evidence>>([
  { settings: [{ name: 'work_mem', value: '5MB', role: 'app' }] },
  { database: { ...database, owner: 'other' } },
  { database: { ...database, connectionLimit: 7 } },
  { database: { ...database, comment: 'mine' } },
  { database: { ...database, acl: database.acl.slice(1) } },
])('it has what belongs to the database itself: %j', (change) => {
  const full = { ...evidence, database };
  expect(comparedText({ ...full, ...change }, undefined)).not.toBe(comparedText(full, undefined));
  const turned = { ...full, database: { ...database, acl: [...database.acl].reverse() } };
  expect(comparedText(turned, undefined)).toBe(comparedText(full, undefined));
});

test('an extension of another version or in another schema is a difference', () => {
  const differenceOf = (detail: string): unknown => ({ kind: 'extension', object: 'hstore', detail });
  expect(extensionDifferences(evidence.extensions, evidence.extensions)).toEqual([]);
  expect(extensionDifferences(evidence.extensions, [])).toEqual([]);
  expect(extensionDifferences(evidence.extensions, [{ name: 'hstore', schema: 'ext', version: '1.7' }])).toEqual([
    differenceOf('the target has version 1.7, the source had 1.8'),
    differenceOf('it is in schema ext, in the source in public'),
  ]);
});
