import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { restoreCommands } from '../../../../core/postgres/restore-commands.ts';
import { RESTORE_OPTIONS } from '../../../../core/postgres/restore-settings.ts';
import type { DatabaseDump, StoredObject } from '../../../../core/manifest.ts';

const PG_RESTORE = `PGOPTIONS='${RESTORE_OPTIONS}' pg_restore --exit-on-error --no-password --no-tablespaces`;

const object = (role: StoredObject['role'], key: string, versionId: string | null = null): StoredObject => ({
  role,
  key,
  versionId,
  sizeBytes: 1,
  sha256: 'ab'.repeat(32),
  checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' },
});

const dump = (database: string, change: Record<string, unknown> = {}): DatabaseDump => ({
  database,
  client: 'pg_dump 17.1',
  snapshotAt: '2026-01-01T00:00:00.000Z',
  encoding: 'UTF8',
  collation: 'C',
  ctype: 'C',
  localeProvider: 'libc',
  locale: null,
  warnings: [],
  objects: [object('archive', 'k/archive.dump', 'v1'), object('roles', 'k/roles.sql'), object('evidence', 'k/e.gz')],
  totals: { tables: 1, rows: 1, sequences: 0, largeObjects: 0 },
  ...change,
});

describe('restoreCommands', () => {
  test('fetches, checks, creates, restores', () => {
    expect(restoreCommands(dump('orders'), 'bucket')).toEqual([
      'aws s3api get-object --bucket=bucket --key=k/archive.dump --version-id=v1 ./orders.dump',
      `echo '${'ab'.repeat(32)}  ./orders.dump' | sha256sum --check`,
      'aws s3api get-object --bucket=bucket --key=k/roles.sql ./orders.roles.sql',
      `echo '${'ab'.repeat(32)}  ./orders.roles.sql' | sha256sum --check`,
      'createdb --no-password --template=template0 --encoding=UTF8 --lc-collate=C --lc-ctype=C -- orders',
      'psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=orders --file=./orders.roles.sql',
      `${PG_RESTORE} --dbname=orders ./orders.dump`,
    ]);
  });

  test('restores the data archives at once, between the parts of the schema', () => {
    const objects = [
      object('schema', 'k/schema.dump'),
      object('data', 'k/data-01.dump'),
      object('data', 'k/data-02.dump'),
      object('roles', 'k/roles.sql'),
    ];
    const commands = restoreCommands(dump('orders', { objects }), 'bucket');
    expect(commands.filter((command) => command.startsWith('aws'))).toEqual([
      'aws s3api get-object --bucket=bucket --key=k/schema.dump ./orders.schema.dump',
      'aws s3api get-object --bucket=bucket --key=k/data-01.dump ./orders.data-1.dump',
      'aws s3api get-object --bucket=bucket --key=k/data-02.dump ./orders.data-2.dump',
      'aws s3api get-object --bucket=bucket --key=k/roles.sql ./orders.roles.sql',
    ]);
    const isTrigger = '/^[0-9]*; [0-9]* [0-9]* \\(COMMENT .*\\)\\{0,1\\}\\(EVENT \\)\\{0,1\\}TRIGGER /';
    expect(commands.slice(-7)).toEqual([
      `${PG_RESTORE} --dbname=orders --section=pre-data ./orders.schema.dump`,
      `(failed=; ${PG_RESTORE} --dbname=orders ./orders.data-1.dump & p0=$!; ` +
        `${PG_RESTORE} --dbname=orders ./orders.data-2.dump & p1=$!; ` +
        'wait $p0 || failed="$failed 1"; wait $p1 || failed="$failed 2"; ' +
        'if [ -n "$failed" ]; then echo "FAILED: data archives$failed" >&2; exit 1; fi)',
      'pg_restore --list --file=./orders.schema.dump.contents ./orders.schema.dump',
      `sed '${isTrigger}d' ./orders.schema.dump.contents > ./orders.schema.dump.first`,
      `sed -n '${isTrigger}p' ./orders.schema.dump.contents > ./orders.schema.dump.last`,
      `${PG_RESTORE} --dbname=orders --section=post-data --jobs=2 --use-list=./orders.schema.dump.first ./orders.schema.dump`,
      `${PG_RESTORE} --dbname=orders --section=post-data --use-list=./orders.schema.dump.last ./orders.schema.dump`,
    ]);
  });

  test.each([
    ['true', 'true', 0, ''],
    ['false', 'true', 1, 'FAILED: data archives 1'],
    ['false', 'sleep 0.1; false', 1, 'FAILED: data archives 1 2'],
    ['true', 'sleep 0.1; false', 1, 'FAILED: data archives 2'],
  ])('fails when one of the data archives does: %s, %s', (first, second, status, message) => {
    const objects = [object('schema', 's'), object('data', 'd1'), object('data', 'd2')];
    const commands = restoreCommands(dump('orders', { objects }), 'bucket');
    const command = commands.find((one) => one.startsWith('(')) ?? '';
    const pgRestore = `pg_restore() { case "$5" in *1.dump) ${first};; *) ${second};; esac; }`;
    const ended = spawnSync('/bin/sh', ['-c', `${pgRestore}\n${command}`], { encoding: 'utf8' });
    expect({ status: ended.status, stderr: ended.stderr.trim() }).toEqual({ status, stderr: message });
  });

  test('names the locale of other providers', () => {
    const icu = restoreCommands(dump('a', { localeProvider: 'icu', locale: 'de-x-ü', ctype: 'de_DE' }), 'b');
    expect(icu).toContain(
      "createdb --no-password --template=template0 --encoding=UTF8 --lc-collate=C --lc-ctype=de_DE --locale-provider=icu --icu-locale='de-x-ü' -- a",
    );
    const builtin = restoreCommands(dump('a', { localeProvider: 'builtin', locale: 'C.UTF-8' }), 'b').join('\n');
    expect(builtin).toContain('--locale-provider=builtin --builtin-locale=C.UTF-8');
  });

  test.each([
    'with space',
    `quo'te"d`,
    '$(touch x)`y`',
    '-dash',
    'a=b',
    'postgres://host/x',
    '.',
    'new\nline',
    'ü/🐘',
    '~',
    '*',
  ])('a shell passes the name %j on as it is', (database) => {
    for (const command of restoreCommands(dump(database), 'bucket')) {
      const words = shellWords(command.replace(/ \| .*/s, ''));
      if (words[0] === 'createdb') expect(words.slice(-2)).toEqual(['--', database]);
      if (words.includes('pg_restore') || words.includes('psql')) {
        expect(databaseOf(words.find((word) => word.startsWith('--dbname=')) ?? '')).toBe(database);
      }
      // Files of any database may lie in one folder.
      if (words[0] === 'aws') expect(words.at(-1)).toMatch(/^\.\/[\w.%~-]+$/);
    }
  });
});

function shellWords(command: string): string[] {
  const [, ...words] = execFileSync('/bin/sh', ['-c', `printf '%s\\0' x ${command}`], { encoding: 'utf8' }).split('\0');
  return words.slice(0, -1);
}

/** As libpq reads it: a plain name, or dbname='…' with backslashes. */
function databaseOf(option: string): string {
  const value = option.slice('--dbname='.length);
  const quoted = /^dbname='(.*)'$/s.exec(value)?.[1];
  return quoted === undefined ? value : quoted.replace(/\\(.)/gs, '$1');
}
