/** Parallel archives: which of them holds what, and that none is left when one of them fails. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { planArchives, type PlannedRelation } from '../../../core/postgres/plan-archives.ts';
import { quoteName } from '../../../core/postgres/sql-quote.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { planDatabase } from '../../../worker/dump-archives.ts';
import type { Relation } from '../../../worker/postgres/relations.ts';
import { openSession, type Session } from '../../../worker/postgres/session.ts';
import { directServer } from '../support/direct-server.ts';
import { dumpWith } from '../support/damaged-archives.ts';
import { clientAfter } from '../support/worker-clients.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { entriesOf, fetchEntries, fetchEvidence, onlyDump } from '../support/worker-restore.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { startS3Proxy, type S3Proxy } from '../support/worker-s3-proxy.ts';
import { expectFailed, holdUp, type Interrupted } from '../support/worker-scene.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

let world: WorkerWorld;
let server: PostgresServer;

beforeAll(async () => {
  const options = { major: 16, password: 'secret', settings: { max_locks_per_transaction: 512 } } as const;
  [world, server] = await Promise.all([startWorkerWorld(), startPostgres(options)]);
});

afterAll(async () => {
  await server.stop();
  await world.stop();
});

async function planOf(database: string, dump: Record<string, unknown>): Promise<DumpPlan> {
  return planFor(world, server, { databases: [database], dump: Dump.parse(dump) });
}

async function createDatabase(name: string, sql: string): Promise<void> {
  await query(server, 'postgres', `CREATE DATABASE ${name}`);
  await query(server, name, sql);
}

test('each table of ten thousand is in one of four archives', async () => {
  await createDatabase(
    'many',
    `DO $$ BEGIN FOR n IN 1..10000 LOOP EXECUTE format('CREATE TABLE a_table_of_very_many_%s AS SELECT 1 AS n', n); END LOOP; END $$`,
  );
  const dump = onlyDump(await runWorker(world, await planOf('many', { jobs: 4 })));
  expect(dump.totals).toMatchObject({ tables: 10_000, rows: 10_000 });
  const { 'schema.dump': schema, ...data } = await fetchEntries(world, dump);
  expect(schema).toEqual([]);
  expect(Object.values(data).map(({ length }) => length)).toEqual([2500, 2500, 2500, 2500]);
  expect(new Set(Object.values(data).flat()).size).toBe(10_000);
});

describe('a database of everything', () => {
  beforeAll(async () => {
    await createDatabase(
      'everything',
      `
CREATE TABLE large (id integer PRIMARY KEY, at serial, other integer, text text);
INSERT INTO large SELECT n, n, n, repeat('x', 1000) FROM generate_series(1, 400) n;
CREATE TABLE medium (id integer PRIMARY KEY REFERENCES large);
INSERT INTO medium SELECT n FROM generate_series(1, 400) n;
ALTER TABLE large ADD FOREIGN KEY (other) REFERENCES medium;
CREATE TABLE small AS SELECT 1 AS n;
CREATE TABLE empty (n integer);
CREATE TABLE parted (n integer) PARTITION BY RANGE (n);
CREATE TABLE parted_one PARTITION OF parted FOR VALUES FROM (0) TO (10000);
CREATE TABLE parted_two PARTITION OF parted FOR VALUES FROM (10000) TO (20000);
INSERT INTO parted SELECT n FROM generate_series(0, 16000) n;
CREATE TABLE left_out AS SELECT n FROM generate_series(1, 100000) n;
CREATE SCHEMA audit;
CREATE TABLE audit.raw AS SELECT n FROM generate_series(1, 100000) n;
CREATE SEQUENCE alone;
CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM large;
SELECT lo_from_bytea(0, 'one'), lo_from_bytea(0, 'two');
CREATE EXTENSION hstore;
CREATE TABLE configuration AS SELECT n FROM generate_series(1, 100000) n;
ALTER EXTENSION hstore ADD TABLE configuration;
UPDATE pg_extension SET extconfig = ARRAY['configuration'::regclass::oid], extcondition = '{""}' WHERE extname = 'hstore'`,
    );
  });

  const exclusions = { excludeTables: ['left_out'], excludeTableData: ['audit.*'] };
  const all = [
    'BLOBS BLOBS',
    'TABLE DATA public.configuration',
    'TABLE DATA public.empty',
    'TABLE DATA public.large',
    'TABLE DATA public.medium',
    'TABLE DATA public.parted_one',
    'TABLE DATA public.parted_two',
    'TABLE DATA public.small',
  ];

  test('has the large tables by themselves, and all that nobody named in the last archive', async () => {
    const dump = onlyDump(await runWorker(world, await planOf('everything', { jobs: 3, ...exclusions })));
    expect(dump.warnings).toEqual([]);
    // The largest one, configuration, is never named.
    const partitions = ['TABLE DATA public.parted_one', 'TABLE DATA public.parted_two'];
    const others = ['TABLE DATA public.large', 'TABLE DATA public.medium', 'TABLE DATA public.small'];
    expect(await fetchEntries(world, dump)).toEqual({
      'schema.dump': [],
      'data-01.dump': partitions,
      'data-02.dump': others,
      'data-03.dump': all.filter((entry) => ![...partitions, ...others].includes(entry)),
    });
    const { tables, largeObjects } = await fetchEvidence(world, dump);
    expect(tables).toContainEqual({ schema: 'public', name: 'parted', rows: 16_001 });
    expect(largeObjects).toEqual({ count: 2, sizeBytes: 6 });
  });

  test('is refused where pg_dump leaves out a table that is due', async () => {
    const leavesOut =
      'case "$*" in *--section=data*) set -- "$@" --exclude-table-data=small --exclude-table-data=medium;; esac';
    const client = await clientAfter(world.toolchain.pgRoot, 16, leavesOut);
    const plan = await planOf('everything', { jobs: 3, ...exclusions });
    const { outcome, run } = await runWorker(world, plan, { HOLDFAST_PG_ROOT: client });
    const message = 'pg_dump exited with code 0, but the archives lack the rows of public.medium, public.small';
    const failure = { code: 'DumpFailed', message };
    expect(outcome?.databases).toEqual([{ status: 'failed', database: 'everything', failure }]);
    expect(await leftovers(world, run, server)).toEqual(NOTHING);
  });

  test('is whole where partitions are loaded through their root', async () => {
    const args = { ...exclusions, extraArgs: ['--load-via-partition-root'] };
    const dump = onlyDump(await runWorker(world, await planOf('everything', { jobs: 3, ...args })));
    expect(
      Object.values(await fetchEntries(world, dump))
        .flat()
        .sort(),
    ).toEqual(all);
  });

  test('is one archive where nobody asks for more', async () => {
    const dump = onlyDump(await runWorker(world, await planOf('everything', exclusions)));
    expect(await fetchEntries(world, dump)).toEqual({ 'archive.dump': all });
  });
});

test('names that are not ASCII, in another encoding than UTF-8, are found again', async () => {
  await query(server, 'postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  await query(
    server,
    'latin',
    'CREATE TABLE "gr\u00f6\u00dfe" AS SELECT 1 AS n; CREATE TABLE "\u00fc" AS SELECT 1 AS n',
  );
  const dump = onlyDump(await runWorker(world, await planOf('latin', {})));
  expect(dump).toMatchObject({ encoding: 'LATIN1', warnings: [], totals: { tables: 2, rows: 2 } });
});

describe('a server with few locks', () => {
  let poor: PostgresServer;
  let session: Session;

  beforeAll(async () => {
    const settings = { max_locks_per_transaction: 10, max_connections: 20 };
    poor = await startPostgres({ major: 16, password: 'secret', settings });
    session = await openSession(directServer(poor), { database: 'postgres', applicationName: 'holdfast test' });
  });

  afterAll(async () => {
    await session.close();
    await poor.stop();
  });

  /** Of 150 tables with a gigabyte each, which nobody has to make. */
  const plan = async (on: Session, jobs: Dump['jobs']): Promise<string[]> => {
    const relations = Array.from({ length: 150 }, (_, n): Relation => ({ ...RELATION, oid: n, name: `t${n}` }));
    const context = { dump: Dump.parse({ jobs }), jobsMax: 32 };
    return (await planDatabase(context, { session: on, relations }, 'UTF8')).archives.map(({ role }) => role);
  };

  test('gets one archive, unless more are asked for: that is refused', async () => {
    expect(await plan(session, 'auto')).toEqual(['archive']);
    await expect(plan(session, 3)).rejects.toMatchObject({
      code: 'DumpFailed',
      message: expect.stringMatching(/takes \d+ locks .*: set max_locks_per_transaction to \d+ or more/) as unknown,
    });
  });

  test('and no more than the run can record, which is said', async () => {
    const context = { dump: Dump.parse({ jobs: 3 }), jobsMax: 1 };
    const { archives, warnings } = await planDatabase(context, { session, relations: [] }, 'UTF8');
    expect(archives).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/^dump\.jobs is 3, but the run has room to record 1 /)]);
  });

  test('is told from one that has them', async () => {
    const rich = await openSession(directServer(server), { database: 'postgres', applicationName: 'holdfast test' });
    expect(await plan(rich, 'auto')).toContain('schema');
    await rich.close();
  });
});

const RELATION: Relation = {
  ...{ oid: 0, schema: 'public', name: '', kind: 'r', rootSchema: 'public', rootName: '' },
  ...{
    withRows: true,
    ofExtension: false,
    condition: null,
    readable: true,
    rowSecurity: false,
    unlogged: false,
    sizeBytes: 1_000_000_000,
  },
};

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
    await createDatabase('odd', ['CREATE SCHEMA "Odd.$ ""schema"""', ...creates].join(';'));
  });

  test.each([16, 17, 18])('pg_dump %i finds each of them, and no other one', async (major) => {
    const [, ...archives] = planArchives({ relations: tables, largeObjectBytes: 0, encoding: 'UTF8', jobs: 6 });
    const named = archives.map(({ selection }) => tables.filter((table) => selection.includes(argumentFor(table))));
    const others = tables.filter((table) => !named.flat().includes(table));
    const wanted = [...named.slice(0, -1), others].map((found) =>
      found.map(({ schema, name }) => `TABLE DATA ${schema}.${name}`).sort(),
    );
    const program = path.join(world.toolchain.pgRoot, String(major), 'bin/pg_dump');
    const dumps = archives.map(({ selection }) => dumpWith(program, server, ['--dbname=odd', ...selection]));
    expect((await Promise.all(dumps)).map(entriesOf)).toEqual(wanted);
    expect(wanted.flat()).toHaveLength(tables.length);
  });
});

describe('one of four archives', () => {
  let proxy: S3Proxy;

  beforeAll(async () => {
    proxy = await startS3Proxy(world.emulator.endpoint);
    await createDatabase('three', ['a', 'b', 'c'].map((name) => `CREATE TABLE ${name} AS SELECT 1 AS n`).join(';'));
  });

  afterAll(async () => {
    await proxy.close();
  });

  /** Returns when all have been begun and S3 has not taken the first one; the last one's pg_dump is a shell script. */
  async function holdFirst(script: string): Promise<Interrupted> {
    const isLast = `case "$*" in *--exclude-table-data=*) ${script};; esac`;
    const client = await clientAfter(world.toolchain.pgRoot, 16, isLast);
    const plan = await planOf('three', { jobs: 3 });
    return holdUp({ world, server, proxy, environment: { HOLDFAST_PG_ROOT: client } }, plan, 'data-01.dump', 0);
  }

  test('fails: the others are ended, and nothing is left', async () => {
    const interrupted = await holdFirst("sleep 2; echo 'pg_dump: error: as the test wants' >&2; exit 1");
    expect((await leftovers(world, interrupted.run, server)).uploads).toHaveLength(4);
    await expectFailed({ world, server, proxy }, interrupted, 'DumpFailed', /as the test wants/);
  });

  test('stands still, and the worker is told to end', async () => {
    const interrupted = await holdFirst('sleep 600');
    expect((await leftovers(world, interrupted.run, server)).uploads).toHaveLength(4);
    interrupted.worker.child.kill('SIGTERM');
    await expectFailed({ world, server, proxy }, interrupted, 'Cancelled', /stopped by SIGTERM/);
  });
});
