import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { restoreCommands } from '../../../../core/postgres/restore-commands.ts';
import type { DatabaseDump, StoredObject } from '../../../../core/manifest.ts';

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
      'pg_restore --exit-on-error --no-password --dbname=orders ./orders.dump',
    ]);
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
      if (words[0] === 'pg_restore' || words[0] === 'psql') {
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
