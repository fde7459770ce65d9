/** A database of odd objects goes through the worker, and comes back by the commands of its manifest. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import type { DatabaseDump } from '../../../core/manifest.ts';
import { restoreCommands } from '../../../core/postgres/restore-commands.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { fetchEvidence, onlyDump, paste } from '../support/worker-restore.ts';
import { planFor, runWorker, type WorkerResult } from '../support/worker-run.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
/** All that a password in a URL or a shell would suffer from. */
const PASSWORD = `p@ss:w/o?r#d%20&"' $(x)`;
const DATABASE = `-odd "name"/'s =%`;

const keep = stopAfterTests();
let world: WorkerWorld;

beforeAll(async () => {
  world = await keep(startWorkerWorld());
});

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe.each([
  { major: 15, clientMajor: 16, jobs: 3 },
  { major: 16, clientMajor: 16, jobs: 1 },
  { major: 17, clientMajor: 17, jobs: 1 },
  { major: 18, clientMajor: 18, jobs: 3 },
] as const)('PostgreSQL $major with $jobs jobs', ({ major, clientMajor, jobs }) => {
  const keep = stopAfterTests();
  let server: PostgresServer;
  let dump: DatabaseDump;
  let result: WorkerResult;

  beforeAll(async () => {
    server = await keep(startPostgres({ major, password: PASSWORD }));
    await query(server, 'postgres', `CREATE DATABASE ${quoted(DATABASE)}`);
    await query(server, DATABASE, await readFile(path.join(FIXTURES, 'databases/odd.sql'), 'utf8'));
    await query(server, 'postgres', `ALTER DATABASE ${quoted(DATABASE)} SET work_mem = '7MB'`);
    const plan = { databases: [DATABASE], dump: Dump.parse({ jobs }) };
    result = await runWorker(world, await planFor(world, server, plan));
    dump = onlyDump(result);
  });

  test('is dumped by the right client, from what S3 holds with full checksums', async () => {
    expect(dump.client).toMatch(new RegExp(`^pg_dump ${clientMajor}\\.`));
    expect(dump).toMatchObject({ database: DATABASE, encoding: 'UTF8', collation: 'C' });
    expect(dump.warnings).toEqual([expect.stringMatching(/^unlogged, .*: public\.unlogged$/)]);
    const archives = jobs === 1 ? ['archive'] : ['schema', 'data', 'data', 'data'];
    expect(dump.objects.map(({ role }) => role)).toEqual([...archives, 'roles', 'evidence']);
    expect(result.outcome?.server?.version).toMatch(new RegExp(`^${major}\\.`));
    const { objects, ...left } = await leftovers(world, result.run, server);
    expect({ objects: [], ...left }).toEqual(NOTHING);
    expect([...objects].sort()).toEqual(dump.objects.map(({ key }) => key).sort());
    for (const { key, versionId, sizeBytes, checksum } of dump.objects) {
      const head = await world.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key, ChecksumMode: 'ENABLED' }));
      expect(head).toMatchObject({
        VersionId: versionId,
        ContentLength: sizeBytes,
        ChecksumCRC32: checksum.value,
        ChecksumType: 'FULL_OBJECT',
      });
    }
  });

  test('has evidence of what is in it', async () => {
    const evidence = await fetchEvidence(world, dump);
    const rows = Object.fromEntries(evidence.tables.map((table) => [`${table.schema}.${table.name}`, table.rows]));
    expect(rows).toEqual({
      [`Odd Schema.quote" dollar$ back\\slash 'apostrophe' %d`]: 2,
      'public.new\nline.dot': 7,
      'public.select': 1,
      'public.no_columns': 2,
      'public.measured': 500,
      'public.parent': 1,
      'public.child': 2,
      'public.documents': 1,
      'public.secured': 1,
      'audit.raw_calls': 50,
      'audit.Raw_Upper': 5,
      'public.unlogged': 11,
      'public.pairs': 1,
    });
    expect(evidence.sequences).toEqual([
      { schema: 'public', name: 'measured_id_seq', lastValue: '500' },
      { schema: 'public', name: 'never_used', lastValue: null },
      { schema: 'public', name: 'used', lastValue: '41' },
    ]);
    expect(evidence.largeObjects).toEqual({ count: 2, sizeBytes: 10_000 });
    expect(evidence.extensions.map(({ name }) => name)).toEqual(['hstore', 'plpgsql']);
    expect(evidence.settings).toEqual([{ name: 'work_mem', value: '7MB', role: null }]);
    expect(dump.totals).toEqual({ tables: 13, rows: 584, sequences: 3, largeObjects: 2 });
  });

  test('comes back by the commands of its manifest, roles included', async () => {
    const target = await startPostgres({ major, password: 'other' });
    try {
      await paste(world, restoreCommands(dump, BUCKET), target, clientMajor);
      expect(await digestDatabase(target, DATABASE)).toEqual(await digestDatabase(server, DATABASE));
      const roles = await query(
        target,
        'postgres',
        `SELECT rolname AS name FROM pg_roles WHERE oid >= 16384 ORDER BY rolname COLLATE "C"`,
      );
      expect(roles.map(({ name }) => name)).toEqual(['odd owner', 'reporting', 'team "x"']);
    } finally {
      await target.stop();
    }
  });
});
