import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { databaseSql } from '../../../../../core/postgres/database-sql.ts';
import { parseRolesObject } from '../../../../../core/postgres/restore/roles-object.ts';
import { isPlatformRole, rolesSql } from '../../../../../core/postgres/roles-sql.ts';

const ATTRIBUTES = {
  login: false,
  inherit: true,
  createDb: false,
  createRole: false,
  connectionLimit: -1,
  referred: true,
};

test('gives back the names that were written, whatever they hold', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1 }).filter((name) => !isPlatformRole(name)));
  fc.assert(
    fc.property(names, (roles) => {
      const text = rolesSql(
        roles.map((name) => ({ name, ...ATTRIBUTES })),
        [],
      );
      const database = databaseSql({ settings: [], acl: [], comment: null });
      const parsed = parseRolesObject([text, database].join('\n'));
      expect(parsed.names).toEqual(roles);
      expect(parsed.databaseSql).toContain('REVOKE ALL ON DATABASE');
      expect(parsed.rolesSql).not.toContain('REVOKE ALL ON DATABASE');
    }),
  );
});

test('reads objects of before the database had a part in them', () => {
  const text = rolesSql([{ name: 'a', ...ATTRIBUTES }], []);
  expect(parseRolesObject(text)).toEqual({ rolesSql: text, databaseSql: '', names: ['a'] });
});
