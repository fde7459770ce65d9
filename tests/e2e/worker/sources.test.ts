/** What a source may say: which databases, which tables, where the server is and how to trust it. */
import { CreateDBClusterCommand, CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { beforeAll, expect, test } from '@jest/globals';
import { Connection } from '../../../core/config/connection.ts';
import { restoreCommands } from '../../../core/postgres/restore-commands.ts';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import { fetchEvidence, onlyDump, paste } from '../support/worker-restore.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const PASSWORD = 'secret of the sources';

const keep = stopAfterTests();
let world: WorkerWorld;
let server: PostgresServer;

beforeAll(async () => {
  world = await keep(startWorkerWorld());
  server = await keep(startPostgres({ major: 17, password: PASSWORD, tls: true }));
  await query(server, 'postgres', 'CREATE DATABASE one');
  await query(server, 'postgres', 'CREATE DATABASE two TEMPLATE template0 ENCODING latin1');
  await query(server, 'postgres', 'CREATE DATABASE closed ALLOW_CONNECTIONS false');
  await query(
    server,
    'one',
    'CREATE SCHEMA audit; CREATE TABLE audit.raw_a AS SELECT 1; CREATE TABLE audit.b AS SELECT 1',
  );
  await query(server, 'one', 'CREATE TABLE raw_a AS SELECT 1; CREATE TABLE "Raw_a" AS SELECT 1');
  // Sequences go with an identity column, and stay with what a column that is dumped takes its values from.
  await query(
    server,
    'one',
    `CREATE TABLE raw_i (i integer GENERATED ALWAYS AS IDENTITY); INSERT INTO raw_i DEFAULT VALUES;
     CREATE TABLE kept (s serial, i integer GENERATED ALWAYS AS IDENTITY); ALTER SEQUENCE kept_s_seq RENAME TO raw_1;
     ALTER SEQUENCE kept_i_seq RENAME TO raw_2; CREATE TABLE raw_s (s serial); CREATE VIEW raw_v AS SELECT 1`,
  );
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
  const { tables, sequences, leftOut } = await fetchEvidence(world, dump);
  expect(tables).toEqual([
    { schema: 'audit', name: 'b', rows: 1 },
    { schema: 'audit', name: 'raw_a', rows: 0 },
    { schema: 'public', name: 'Raw_a', rows: 0 },
    { schema: 'public', name: 'kept', rows: 0 },
  ]);
  expect(sequences.map(({ name }) => name)).toEqual(['raw_1', 'raw_2', 'raw_s_s_seq']);
  expect(leftOut?.map(({ by, kind, schema, name, rowsOnly }) => [by, kind, `${schema}.${name}`, rowsOnly])).toEqual([
    ['excludeTableData', 'TABLE', 'audit.raw_a', true],
    ['excludeTableData', 'TABLE', 'public.Raw_a', true],
    ['excludeTables', 'TABLE', 'public.raw_a', false],
    ['excludeTables', 'TABLE', 'public.raw_i', false],
    ['excludeTables', 'SEQUENCE', 'public.raw_i_i_seq', false],
    ['excludeTables', 'TABLE', 'public.raw_s', false],
    ['excludeTables', 'VIEW', 'public.raw_v', false],
  ]);
  const target = await startPostgres({ major: 17, password: 'other' });
  try {
    await paste(world, restoreCommands(dump, BUCKET), target, 17);
    const counted = Object.entries(await digestDatabase(target, 'one')).map(([name, { rows }]) => [name, rows]);
    const left = { 'audit.b': 1, 'audit.raw_a': 0, 'public."Raw_a"': 0, 'public.kept': 0 };
    expect(Object.fromEntries(counted)).toEqual({ ...left, sequences: sequences.length });
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
