import { expect, test } from '@jest/globals';
import type { Evidence } from '../../../../../core/manifest.ts';
import { databaseDifferences } from '../../../../../core/postgres/restore/database-differences.ts';

type Identity = NonNullable<Evidence['database']>;

const grant = (grantee: string | null, privilege = 'CONNECT', grantable = false): Identity['acl'][number] => ({
  grantee,
  privilege,
  grantable,
});
const recorded: Identity = {
  owner: 'landlord',
  acl: [grant(null), grant('landlord', 'CREATE'), grant('tenant'), grant('rdsadmin')],
  connectionLimit: 7,
  comment: 'the good one',
};

test('what is as it was is no difference, nor what owners and the platform have', () => {
  expect(databaseDifferences('shop', recorded, recorded)).toEqual([]);
  const acl = [grant('tenant'), grant(null), grant('landlord', 'TEMPORARY')];
  expect(databaseDifferences('shop', recorded, { ...recorded, acl })).toEqual([]);
  expect(databaseDifferences('shop', undefined, recorded)).toEqual([]);
});

test('what two have granted is one grant', () => {
  const acl = [...recorded.acl, grant('tenant', 'CONNECT', true)];
  const restored = [...recorded.acl.filter(({ grantee }) => grantee !== 'tenant'), grant('tenant', 'CONNECT', true)];
  expect(databaseDifferences('shop', { ...recorded, acl }, { ...recorded, acl: restored })).toEqual([]);
});

test.each<[Partial<Identity>, string, string]>([
  [{ owner: 'master' }, 'owner', 'its owner is master, in the source landlord'],
  [{ connectionLimit: -1 }, 'connection limit', 'its connection limit is -1, in the source 7'],
  [{ comment: null }, 'comment', 'its comment is none, in the source the good one'],
  [{ acl: recorded.acl.slice(1) }, 'privilege', 'CONNECT to PUBLIC is not granted'],
  [
    { acl: [...recorded.acl, grant('lodger', 'CREATE', true)] },
    'privilege',
    'CREATE to lodger with grant option is granted, and was not in the source',
  ],
])('%j', (change, kind, detail) => {
  const differences = databaseDifferences('shop', recorded, { ...recorded, ...change });
  expect(differences).toEqual([{ kind, object: 'DATABASE shop', detail }]);
});
