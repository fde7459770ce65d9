/** Tables whose names patterns, quoting and encodings treat as special: each is in its archive, and no other one is. */
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { planArchives, type PlannedRelation } from '../../../core/postgres/plan-archives.ts';
import { quoteName } from '../../../core/postgres/sql-quote.ts';
import { dumpWith } from '../support/damaged-archives.ts';
import { createDatabase, query } from '../support/worker-leftovers.ts';
import { entriesOf, onlyDump } from '../support/worker-restore.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { shareScene } from '../support/worker-scene.ts';

const scene = shareScene({ major: 16, password: 'secret' });

/** What patterns, quoting and regular expressions treat as special, and names that such a pattern would match too. */
const NAMES = [
  ...['a.b', 'a"b', 'a""b', '"', 'a$', 'a$b', '$', 'a*', 'a?', '*', 'a[bc]', '[]', 'a[]', 'a|b', '(a)', 'a)', '(?i)a'],
  ...[
    '***:a',
    'a{2}',
    'a\\',
    'a\\d',
    '\\',
    'a+',
    '^a',
    'a\nb',
    ' a ',
    "a'b",
    'A',
    'a',
    'aa',
    'ab',
    'axb',
    'ad',
    'a1',
    'b',
  ],
  ...['\u00e4', '\u00c4', '\u{1f418}', 'public.a', '%s', '--table', 'x'.repeat(63)],
];

describe('a database of odd names', () => {
  const tables = ['public', 'Odd.$ "schema"'].flatMap((schema) =>
    NAMES.map((name): PlannedRelation => ({
      schema,
      name,
      kind: 'r',
      withRows: true,
      ofExtension: false,
      sizeBytes: 8192,
    })),
  );
  const argumentFor = ({ schema, name }: PlannedRelation): string => `--table=${quoteName(schema, name)}`;

  beforeAll(async () => {
    const creates = tables.map(({ schema, name }) => `CREATE TABLE ${quoteName(schema, name)} ()`);
    await createDatabase(scene.server, 'odd', ['CREATE SCHEMA "Odd.$ ""schema"""', ...creates].join(';'));
  });

  test.each([16, 17, 18])('pg_dump %i finds each of them, and no other one', async (major) => {
    const [, ...archives] = planArchives({ relations: tables, largeObjectBytes: 0, encoding: 'UTF8', jobs: 6 });
    const named = archives.map(({ selection }) => tables.filter((table) => selection.includes(argumentFor(table))));
    const others = tables.filter((table) => !named.flat().includes(table));
    const wanted = [...named.slice(0, -1), others].map((found) =>
      found.map(({ schema, name }) => `TABLE DATA ${schema}.${name}`).sort(),
    );
    const program = path.join(scene.world.toolchain.pgRoot, String(major), 'bin/pg_dump');
    const dumps = archives.map(({ selection }) => dumpWith(program, scene.server, ['--dbname=odd', ...selection]));
    expect((await Promise.all(dumps)).map(entriesOf)).toEqual(wanted);
    expect(wanted.flat()).toHaveLength(tables.length);
  });
});

test('names that are not ASCII, in another encoding than UTF-8, are found again', async () => {
  await query(scene.server, 'postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  await query(
    scene.server,
    'latin',
    'CREATE TABLE "gr\u00f6\u00dfe" AS SELECT 1 AS n; CREATE TABLE "\u00fc" AS SELECT 1 AS n',
  );
  const dump = onlyDump(
    await runWorker(scene.world, await planFor(scene.world, scene.server, { databases: ['latin'] })),
  );
  expect(dump).toMatchObject({ encoding: 'LATIN1', warnings: [], totals: { tables: 2, rows: 2 } });
});
