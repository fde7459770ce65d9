/** A database of odd objects goes through the worker, and comes back by the commands of its manifest. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { CreateDBClusterCommand, CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Connection } from '../../../core/config/connection.ts';
import { DatabaseDump, Evidence, type ObjectRole } from '../../../core/manifest.ts';
import { restoreCommands } from '../../../core/postgres/restore-commands.ts';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { planFor, runWorker, type WorkerResult } from '../support/worker-run.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

jest.setTimeout(180_000);

const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
/** All that a password in a URL or a shell would suffer from. */
const PASSWORD = `p@ss:w/o?r#d%20&"' $(x)`;
const DATABASE = `-odd "name"/'s =%`;

let world: WorkerWorld;

beforeAll(async () => {
  world = await startWorkerWorld();
});

afterAll(async () => {
  await world.stop();
});

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function onlyDump({ outcome, code, output }: WorkerResult): DatabaseDump {
  expect({ code, output }).toEqual({ code: 0, output });
  expect(outcome?.failure).toBeNull();
  expect(outcome?.databases).toMatchObject([{ status: 'dumped' }]);
  return DatabaseDump.parse(outcome?.databases[0]);
}

async function fetchObject(dump: DatabaseDump, role: ObjectRole): Promise<Buffer> {
  const Key = dump.objects.find((object) => object.role === role)?.key;
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function fetchEvidence(dump: DatabaseDump): Promise<Evidence> {
  return Evidence.parse(JSON.parse(gunzipSync(await fetchObject(dump, 'evidence')).toString()));
}

/** Runs each command in a shell of its own, in one folder, as a person would paste them. */
async function paste(commands: readonly string[], target: PostgresServer, clientMajor: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-restore-'));
  const clients = path.join(world.toolchain.pgRoot, String(clientMajor), 'bin');
  const env = {
    PATH: [path.join(FIXTURES, 'aws'), clients, path.dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
    AWS_ENDPOINT_URL: world.emulator.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGPASSWORD: target.password,
  };
  for (const command of commands) await promisify(execFile)('/bin/sh', ['-c', command], { cwd: folder, env });
  await rm(folder, { recursive: true });
}

describe.each([
  { major: 15, clientMajor: 16 },
  { major: 16, clientMajor: 16 },
  { major: 17, clientMajor: 17 },
  { major: 18, clientMajor: 18 },
] as const)('PostgreSQL $major', ({ major, clientMajor }) => {
  let server: PostgresServer;
  let dump: DatabaseDump;
  let result: WorkerResult;

  beforeAll(async () => {
    server = await startPostgres({ major, password: PASSWORD });
    await query(server, 'postgres', `CREATE DATABASE ${quoted(DATABASE)}`);
    await query(server, DATABASE, await readFile(path.join(FIXTURES, 'databases/odd.sql'), 'utf8'));
    await query(server, 'postgres', `ALTER DATABASE ${quoted(DATABASE)} SET work_mem = '7MB'`);
    result = await runWorker(world, await planFor(world, server, { databases: [DATABASE] }));
    dump = onlyDump(result);
  });

  afterAll(async () => {
    await server.stop();
  });

  test('is dumped by the right client, from what S3 holds with full checksums', async () => {
    expect(dump.client).toMatch(new RegExp(`^pg_dump ${clientMajor}\\.`));
    expect(dump).toMatchObject({ database: DATABASE, encoding: 'UTF8', collation: 'C', warnings: [] });
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
    const evidence = await fetchEvidence(dump);
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
    expect(evidence.largeObjects).toEqual({ count: 2 });
    expect(evidence.extensions.map(({ name }) => name)).toEqual(['hstore', 'plpgsql']);
    expect(evidence.settings).toEqual([{ name: 'work_mem', value: '7MB', role: null }]);
    expect(dump.totals).toEqual({ tables: 13, rows: 584, sequences: 3, largeObjects: 2 });
  });

  test('comes back by the commands of its manifest, roles included', async () => {
    const target = await startPostgres({ major, password: 'other' });
    try {
      await paste(restoreCommands(dump, BUCKET), target, clientMajor);
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

describe('of several databases', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({ major: 17, password: PASSWORD, tls: true });
    await query(server, 'postgres', 'CREATE DATABASE one');
    await query(server, 'postgres', 'CREATE DATABASE two TEMPLATE template0 ENCODING latin1');
    await query(server, 'postgres', 'CREATE DATABASE closed ALLOW_CONNECTIONS false');
    await query(
      server,
      'one',
      'CREATE SCHEMA audit; CREATE TABLE audit.raw_a AS SELECT 1; CREATE TABLE audit.b AS SELECT 1',
    );
    await query(server, 'one', 'CREATE TABLE raw_a AS SELECT 1; CREATE TABLE "Raw_a" AS SELECT 1');
  });

  afterAll(async () => {
    await server.stop();
  });

  test('"*" means all that take connections, in order', async () => {
    const { outcome } = await runWorker(world, await planFor(world, server, { databases: ['*'] }));
    expect(outcome?.databases).toMatchObject([
      { database: 'one', status: 'dumped', encoding: 'UTF8' },
      { database: 'postgres', status: 'dumped' },
      { database: 'two', status: 'dumped', encoding: 'LATIN1' },
    ]);
  });

  test("without a name, it is the connection's", async () => {
    const { outcome } = await runWorker(world, await planFor(world, server));
    expect(outcome?.databases).toMatchObject([{ database: 'postgres', status: 'dumped' }]);
  });

  test('patterns leave out the same in the archive and in the evidence', async () => {
    const plan = await planFor(world, server, { databases: ['one'] });
    const excludes = { excludeTables: ['raw_?'], excludeTableData: ['audit.raw_*', '"Raw_a"'] };
    const dump = onlyDump(await runWorker(world, { ...plan, dump: { ...plan.dump, ...excludes } }));
    const { tables } = await fetchEvidence(dump);
    expect(tables).toEqual([
      { schema: 'audit', name: 'b', rows: 1 },
      { schema: 'audit', name: 'raw_a', rows: 0 },
      { schema: 'public', name: 'Raw_a', rows: 0 },
    ]);
    const target = await startPostgres({ major: 17, password: 'other' });
    try {
      await paste(restoreCommands(dump, BUCKET), target, 17);
      const counted = Object.entries(await digestDatabase(target, 'one')).map(([name, { rows }]) => [name, rows]);
      expect(Object.fromEntries(counted)).toEqual({ 'audit.b': 1, 'audit.raw_a': 0, 'public."Raw_a"': 0 });
    } finally {
      await target.stop();
    }
  });

  test('verify-full trusts an authority that NODE_EXTRA_CA_CERTS names, and no other', async () => {
    const plan = await planFor(world, server);
    const verified = { ...plan, connection: { ...plan.connection, sslMode: 'verify-full' as const } };
    const refused = await runWorker(world, verified);
    expect(refused.outcome?.failure).toMatchObject({
      code: 'SourceUnreachable',
      message: expect.stringContaining('self-signed') as unknown,
    });
    const { outcome } = await runWorker(world, verified, { NODE_EXTRA_CA_CERTS: server.caFile ?? '' });
    expect(outcome).toMatchObject({ failure: null, databases: [{ status: 'dumped' }] });
  });

  test.each(['allow', 'prefer', 'require'] as const)('sslMode %s', async (sslMode) => {
    const plan = await planFor(world, server);
    const { outcome } = await runWorker(world, { ...plan, connection: { ...plan.connection, sslMode } });
    expect(outcome).toMatchObject({ failure: null, databases: [{ status: 'dumped' }] });
  });

  test('RDS says where an instance or the writer of a cluster is, where the secret does not', async () => {
    const rds = new RDSClient({ endpoint: world.emulator.endpoint, region: REGION, credentials: CREDENTIALS });
    const { port: Port } = server;
    const instance = { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', Port };
    await rds.send(
      new CreateDBInstanceCommand({ ...instance, DBInstanceIdentifier: 'single', AllocatedStorage: 20, DBName: 'one' }),
    );
    await rds.send(new CreateDBClusterCommand({ DBClusterIdentifier: 'group', Engine: 'aurora-postgresql', Port }));
    await rds.send(
      new CreateDBInstanceCommand({
        ...instance,
        DBInstanceIdentifier: 'writer',
        DBClusterIdentifier: 'group',
        Engine: 'aurora-postgresql',
      }),
    );
    const SecretString = JSON.stringify({ username: 'postgres', password: PASSWORD });
    await world.secrets.send(new CreateSecretCommand({ Name: 'rds-managed', SecretString }));
    const connection = Connection.parse({ secret: 'rds-managed', sslMode: 'require' });
    const plan = { ...(await planFor(world, server)), connection, databases: ['one'] };
    for (const place of [
      { kind: 'instance', identifier: 'single' },
      { kind: 'cluster', identifier: 'group' },
    ] as const) {
      const { outcome } = await runWorker(world, { ...plan, rds: place });
      expect(outcome).toMatchObject({ failure: null, databases: [{ status: 'dumped', database: 'one' }] });
    }
    const { outcome } = await runWorker(world, { ...plan, rds: { kind: 'instance', identifier: 'none' } });
    const message = 'RDS has no instance none in this account and region';
    expect(outcome?.failure).toEqual({ code: 'SourceUnreachable', message });
    rds.destroy();
  });

  test('auth iam logs in with a token of RDS, which is shown nowhere', async () => {
    const { host, port } = server;
    const connection = Connection.parse({
      auth: 'iam',
      user: 'postgres',
      host,
      port,
      database: 'one',
      sslMode: 'require',
    });
    const { outcome, output } = await runWorker(world, { ...(await planFor(world, server)), connection });
    // This server knows no IAM: it was asked with a token, and refused it.
    expect(outcome?.failure).toMatchObject({ code: 'AuthFailed' });
    expect(output + JSON.stringify(outcome)).not.toContain('X-Amz');
  });

  test('the user of docs/operating.md may read everything', async () => {
    await query(server, 'postgres', "CREATE ROLE holdfast LOGIN PASSWORD 'pw'; GRANT pg_read_all_data TO holdfast");
    await query(server, 'one', 'CREATE TABLE private (n serial); REVOKE ALL ON private FROM PUBLIC');
    const plan = await planFor(world, { ...server, user: 'holdfast', password: 'pw' }, { databases: ['one'] });
    onlyDump(await runWorker(world, plan));
  });
});
