import { describe, expect, test } from '@jest/globals';
import { rolesSql, type Role } from '../../../../core/postgres/roles-sql.ts';

const role = (name: string, change: Partial<Role> = {}): Role => ({
  name,
  login: false,
  inherit: true,
  createDb: false,
  createRole: false,
  connectionLimit: -1,
  referred: true,
  ...change,
});

describe('rolesSql', () => {
  test('makes roles that are missing, with what anybody may give', () => {
    const sql = rolesSql([role('app', { login: true, createDb: true, connectionLimit: 5 }), role('group')], []);
    expect(sql).toContain(`IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'app')`);
    expect(sql).toContain('CREATE ROLE "app" WITH LOGIN INHERIT CREATEDB CONNECTION LIMIT 5;');
    expect(sql).toContain('CREATE ROLE "group" WITH NOLOGIN INHERIT;');
  });

  test('leaves out what the server brings, and what is granted to or by it and RDS', () => {
    const platform = ['pg_read_all_data', 'rds_superuser', 'rdsadmin'];
    const memberships = platform.map((group) => ({ member: 'app', group, admin: false }));
    const sql = rolesSql([role('app'), ...platform.map((name) => role(name, { referred: false }))], memberships);
    expect(sql).not.toMatch(/rds_|rdsadmin|pg_read/);
  });

  test('makes roles of RDS that the database refers to where they are missing, without any right', () => {
    const sql = rolesSql([role('rdsadmin', { login: true, createRole: true }), role('pg_monitor')], []);
    expect(sql).toContain('CREATE ROLE "rdsadmin" WITH NOLOGIN;');
    expect(sql).not.toContain('pg_monitor');
  });

  test('grants memberships among its roles only', () => {
    const sql = rolesSql(
      [role('a'), role('b')],
      [
        { member: 'a', group: 'b', admin: true },
        { member: 'stranger', group: 'b', admin: false },
      ],
    );
    expect(sql).toContain('GRANT "b" TO "a" WITH ADMIN OPTION;');
    expect(sql).not.toContain('stranger');
  });

  test('quotes names that try to get out', () => {
    const sql = rolesSql([role(`x"'; DROP TABLE t; $holdfast$ \\`)], []);
    expect(sql).toContain(`"x""'; DROP TABLE t; $holdfast$ \\"`);
    expect(sql).toContain(`E'x"''; DROP TABLE t; $holdfast$ \\\\'`);
    expect(sql).toContain('DO $holdfast_$ BEGIN');
  });
});
