import { describe, expect, test } from '@jest/globals';
import { databaseSql } from '../../../../core/postgres/database-sql.ts';

const NOTHING = { settings: [], acl: [], comment: null };
const setting = (name: string, value: string, role: string | null = null) => ({ name, value, role });

describe('databaseSql', () => {
  test('names no database', () => {
    const sql = databaseSql({ ...NOTHING, settings: [setting('work_mem', '7MB'), setting('work_mem', '8MB', 'app')] });
    expect(sql).toContain(`'ALTER DATABASE ' || pg_catalog.quote_ident(pg_catalog.current_database())`);
    expect(sql).toContain(`' SET "work_mem" TO ''7MB'''`);
    expect(sql).toContain(`'ALTER ROLE "app" IN DATABASE ' ||`);
  });

  test('takes lists of names apart, and nothing else', () => {
    const settings = [setting('search_path', '"$user", "a, ""b""", public'), setting('app.list', 'a, b')];
    const sql = databaseSql({ ...NOTHING, settings });
    expect(sql).toContain(`"search_path" TO ''$user'', ''a, "b"'', ''public'''`);
    expect(sql).toContain(`"app.list" TO ''a, b'''`);
  });

  test('starts from no privilege of PUBLIC, and leaves out the roles of the platform', () => {
    const acl = [
      { grantee: null, privilege: 'CONNECT', grantable: false },
      { grantee: 'app', privilege: 'CREATE', grantable: true },
      { grantee: 'rdsadmin', privilege: 'CREATE', grantable: false },
    ];
    const sql = databaseSql({ ...NOTHING, acl, settings: [setting('work_mem', '1MB', 'rds_superuser')] });
    expect(sql.indexOf('REVOKE ALL')).toBeLessThan(sql.indexOf(`' TO PUBLIC'`));
    expect(sql).toContain(`' TO "app" WITH GRANT OPTION'`);
    expect(sql).not.toContain('rds');
  });
});
