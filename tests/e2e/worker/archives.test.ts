/** Parallel archives: which of them holds what, and that none is left when one of them fails. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { clientAfter } from '../support/worker-clients.ts';
import { createDatabase, leftovers, NOTHING } from '../support/worker-leftovers.ts';
import { fetchEntries, fetchEvidence, onlyDump } from '../support/worker-restore.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { expectFailed, holdUp, shareScene, type Interrupted } from '../support/worker-scene.ts';

const scene = shareScene({ major: 16, password: 'secret' });

async function planOf(database: string, dump: Record<string, unknown>): Promise<DumpPlan> {
  return planFor(scene.world, scene.server, { databases: [database], dump: Dump.parse(dump) });
}

describe('a database of everything', () => {
  beforeAll(async () => {
    await createDatabase(
      scene.server,
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
    const dump = onlyDump(await runWorker(scene.world, await planOf('everything', { jobs: 3, ...exclusions })));
    expect(dump.warnings).toEqual([]);
    // The largest one, configuration, is never named.
    const partitions = ['TABLE DATA public.parted_one', 'TABLE DATA public.parted_two'];
    const others = ['TABLE DATA public.large', 'TABLE DATA public.medium', 'TABLE DATA public.small'];
    expect(await fetchEntries(scene.world, dump)).toEqual({
      'schema.dump': [],
      'data-01.dump': partitions,
      'data-02.dump': others,
      'data-03.dump': all.filter((entry) => ![...partitions, ...others].includes(entry)),
    });
    const { tables, largeObjects } = await fetchEvidence(scene.world, dump);
    expect(tables).toContainEqual({ schema: 'public', name: 'parted', rows: 16_001 });
    expect(largeObjects).toEqual({ count: 2, sizeBytes: 6 });
  });

  test('is refused where pg_dump leaves out a table that is due', async () => {
    const leavesOut =
      'case "$*" in *--section=data*) set -- "$@" --exclude-table-data=small --exclude-table-data=medium;; esac';
    const client = await clientAfter(scene.world.toolchain.pgRoot, 16, leavesOut);
    const plan = await planOf('everything', { jobs: 3, ...exclusions });
    const { outcome, run } = await runWorker(scene.world, plan, { HOLDFAST_PG_ROOT: client });
    const message = 'pg_dump exited with code 0, but the archives lack the rows of public.medium, public.small';
    const failure = { code: 'DumpFailed', message };
    expect(outcome?.databases).toEqual([{ status: 'failed', database: 'everything', failure }]);
    expect(await leftovers(scene.world, run, scene.server)).toEqual(NOTHING);
  });

  test.each([1, 3])('is refused where pg_dump leaves out the large objects, with %i jobs', async (jobs) => {
    const client = await clientAfter(scene.world.toolchain.pgRoot, 16, 'set -- "$@" --no-large-objects');
    const { outcome, run } = await runWorker(scene.world, await planOf('everything', { jobs, ...exclusions }), {
      HOLDFAST_PG_ROOT: client,
    });
    const message = 'pg_dump exited with code 0, but the archives hold 0 of 2 large objects';
    const failure = { code: 'DumpFailed', message };
    expect(outcome?.databases).toEqual([{ status: 'failed', database: 'everything', failure }]);
    expect(await leftovers(scene.world, run, scene.server)).toEqual(NOTHING);
  });

  test('is whole where partitions are loaded through their root', async () => {
    const args = { ...exclusions, extraArgs: ['--load-via-partition-root'] };
    const dump = onlyDump(await runWorker(scene.world, await planOf('everything', { jobs: 3, ...args })));
    expect(
      Object.values(await fetchEntries(scene.world, dump))
        .flat()
        .sort(),
    ).toEqual(all);
  });

  test('is one archive where nobody asks for more', async () => {
    const dump = onlyDump(await runWorker(scene.world, await planOf('everything', exclusions)));
    expect(await fetchEntries(scene.world, dump)).toEqual({ 'archive.dump': all });
  });
});

describe('one of four archives', () => {
  beforeAll(async () => {
    const tables = ['a', 'b', 'c'].map((name) => `CREATE TABLE ${name} AS SELECT 1 AS n`);
    await createDatabase(scene.server, 'three', tables.join(';'));
  });

  /** Returns when all have been begun and S3 has not taken the first one; the last one's pg_dump is a shell script. */
  async function holdFirst(script: string): Promise<Interrupted> {
    const isLast = `case "$*" in *--exclude-table-data=*) ${script};; esac`;
    const client = await clientAfter(scene.world.toolchain.pgRoot, 16, isLast);
    const plan = await planOf('three', { jobs: 3 });
    return holdUp({ ...scene, environment: { HOLDFAST_PG_ROOT: client } }, plan, 'data-01.dump', 0);
  }

  test('fails: the others are ended, and nothing is left', async () => {
    const interrupted = await holdFirst("sleep 2; echo 'pg_dump: error: as the test wants' >&2; exit 1");
    expect((await leftovers(scene.world, interrupted.run, scene.server)).uploads).toHaveLength(4);
    await expectFailed(scene, interrupted, 'DumpFailed', /as the test wants/);
  });

  test('stands still, and the worker is told to end', async () => {
    const interrupted = await holdFirst('sleep 600');
    expect((await leftovers(scene.world, interrupted.run, scene.server)).uploads).toHaveLength(4);
    const stoppedAt = Date.now();
    interrupted.worker.child.kill('SIGTERM');
    await expectFailed(scene, interrupted, 'Cancelled', /stopped by SIGTERM/);
    expect(Date.now() - stoppedAt).toBeLessThan(10_000);
  });
});
