/** Bad input and missing permissions: a clear error, and nothing was started. */
import { rm } from 'node:fs/promises';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { Connection } from '../../../core/config/connection.ts';
import { Dump } from '../../../core/config/dump.ts';
import { ERRORS, type ErrorCode } from '../../../core/errors.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { untilHeld } from '../support/direct-server.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { clientAfter, someClients } from '../support/worker-clients.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { planFor, runWorker, startRun, workerCommand } from '../support/worker-run.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const keep = stopAfterTests();
let world: WorkerWorld;
let server: PostgresServer;
const PASSWORD = 'never-to-be-seen';

beforeAll(async () => {
  [world, server] = await Promise.all([
    keep(startWorkerWorld()),
    keep(startPostgres({ major: 18, password: PASSWORD })),
  ]);
  await query(server, 'postgres', 'CREATE DATABASE shop');
  await query(server, 'shop', 'CREATE TABLE item AS SELECT n FROM generate_series(1, 10) n');
});

async function expectRefused(
  plan: DumpPlan,
  code: ErrorCode,
  message: RegExp,
  environment: Record<string, string> = {},
): Promise<void> {
  const result = await runWorker(world, plan, environment);
  expect(result.outcome?.failure).toEqual({ code, message: expect.stringMatching(message) as unknown });
  expect(result.outcome?.databases).toEqual([]);
  expect(result.code).toBe(ERRORS[code].exit);
  expect(result.output).not.toContain(PASSWORD);
  expect(JSON.stringify(result.outcome)).not.toContain(PASSWORD);
  expect(await leftovers(world, result.run, server)).toEqual(NOTHING);
}

/** A plan whose secret has just this content. */
async function planWithSecret(name: string, SecretString: string): Promise<DumpPlan> {
  await world.secrets.send(new CreateSecretCommand({ Name: name, SecretString }));
  return { ...(await planFor(world, server)), connection: Connection.parse({ secret: name, sslMode: 'disable' }) };
}

describe('the secret', () => {
  test('that does not exist is named', async () => {
    const connection = Connection.parse({ secret: 'no/such', sslMode: 'disable' });
    await expectRefused(await planFor(world, server, { connection }), 'SecretNotFound', /no\/such does not exist/);
  });

  test('without a password names the field', async () => {
    const plan = await planWithSecret('half', JSON.stringify({ username: 'postgres', host: '127.0.0.1' }));
    await expectRefused(plan, 'SecretInvalid', /secret half has no "password": add it$/);
  });

  test('that is not JSON is not quoted', async () => {
    await expectRefused(
      await planWithSecret('text', `password=${PASSWORD}`),
      'SecretInvalid',
      /secret text is not JSON/,
    );
  });

  test('with a field of the wrong type names the field', async () => {
    const secret = JSON.stringify({ username: 'postgres', password: { value: PASSWORD } });
    await expectRefused(await planWithSecret('odd', secret), 'SecretInvalid', /wrong type in: password$/);
  });
});

describe('the login', () => {
  test('with a wrong password is refused by the server', async () => {
    const plan = await planFor(world, { ...server, password: 'wrong-password' });
    await expectRefused(plan, 'AuthFailed', /refused the login of postgres: password authentication failed/);
  });

  test('where nobody listens', async () => {
    // Privileged, so that no other test's server takes it.
    const plan = await planFor(world, { ...server, port: 1 });
    await expectRefused(plan, 'SourceUnreachable', /no connection to 127\.0\.0\.1:1: .*ECONNREFUSED/);
  });

  test('with TLS to a server without TLS', async () => {
    const plan = await planFor(world, server);
    const connection = { ...plan.connection, sslMode: 'verify-full' as const };
    await expectRefused({ ...plan, connection }, 'SourceUnreachable', /does not support SSL/);
  });
});

describe('the databases', () => {
  test('of which one is missing are refused with what the server has', async () => {
    const plan = await planFor(world, server, { databases: ['shop', 'shopp'] });
    await expectRefused(
      plan,
      'DatabaseNotFound',
      /no database shopp that.*: the server has postgres, shop, template0 \(closed\)/,
    );
  });

  test('of the connection that does not exist', async () => {
    const plan = await planFor(world, server);
    const connection = { ...plan.connection, database: 'gone' };
    await expectRefused({ ...plan, connection }, 'DatabaseNotFound', /no database gone that takes connections/);
  });

  test('"*" that matches nothing', async () => {
    await query(server, 'template1', 'UPDATE pg_database SET datallowconn = false WHERE NOT datistemplate');
    try {
      const plan = await planFor(world, server, { databases: ['*'] });
      const result = await runWorker(world, plan);
      expect(result.outcome?.failure).toEqual({
        code: 'DatabaseNotFound',
        message: expect.stringMatching(
          /"\*" matches no database .*: the server has postgres \(closed\), shop \(closed\)/,
        ) as unknown,
      });
      expect(result.code).toBe(6);
    } finally {
      await query(server, 'template1', 'UPDATE pg_database SET datallowconn = true WHERE NOT datistemplate');
    }
  });
});

test('a server newer than every client is refused with both versions', async () => {
  const HOLDFAST_PG_ROOT = await someClients(world.toolchain.pgRoot, [16, 17]);
  const plan = await planFor(world, server, { databases: ['shop'] });
  await expectRefused(
    plan,
    'ServerTooNew',
    /the server is PostgreSQL 18\.\d+ and the newest pg_dump is of version 17/,
    {
      HOLDFAST_PG_ROOT,
    },
  );
  await rm(HOLDFAST_PG_ROOT, { recursive: true });
});

describe('what the user may not read', () => {
  const user = 'reader';

  async function expectUnreadable(sql: string, message: RegExp): Promise<void> {
    await query(server, 'postgres', `DROP DATABASE IF EXISTS locked; `);
    await query(server, 'postgres', 'CREATE DATABASE locked');
    await query(server, 'locked', sql);
    const plan = await planFor(world, { ...server, user, password: PASSWORD }, { databases: ['locked', 'shop'] });
    const { code, outcome, run } = await runWorker(world, plan);
    expect(outcome?.failure).toBeNull();
    expect(outcome?.databases[0]).toEqual({
      status: 'failed',
      database: 'locked',
      failure: { code: 'TableUnreadable', message: expect.stringMatching(message) as unknown },
    });
    expect(outcome?.databases[1]).toMatchObject({
      status: 'dumped',
      database: 'shop',
      totals: { tables: 1, rows: 10 },
    });
    expect(code).toBe(ERRORS.TableUnreadable.exit);
    const left = await leftovers(world, run, server);
    expect(left.objects.filter((key) => key.includes('/locked/'))).toEqual([]);
    expect(left).toEqual({ ...NOTHING, objects: left.objects });
  }

  beforeAll(async () => {
    await query(server, 'postgres', `CREATE ROLE ${user} LOGIN PASSWORD '${PASSWORD}'`);
    await query(server, 'shop', `GRANT SELECT ON item TO ${user}`);
  });

  test('tables are named, and do not stop the next database', async () => {
    const sql = 'CREATE TABLE open (); GRANT SELECT ON open TO reader; CREATE TABLE "Shut.one" (); CREATE TABLE two ()';
    await expectUnreadable(sql, /reader may not read public\.Shut\.one, public\.two: grant SELECT/);
  });

  test('a schema without USAGE', async () => {
    const sql = 'CREATE SCHEMA s; CREATE TABLE s.t (); GRANT SELECT ON s.t TO reader';
    await expectUnreadable(sql, /may not read s\.t:/);
  });

  test('a sequence', async () => {
    await expectUnreadable('CREATE SEQUENCE numbers', /may not read public\.numbers:/);
  });

  test('rows behind row-level security', async () => {
    const sql = 'CREATE TABLE t (); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO reader';
    await expectUnreadable(sql, /row-level security hides rows of public\.t from reader/);
  });

  test('a large object', async () => {
    await expectUnreadable('SELECT lo_create(4711)', /may not read large objects 4711:/);
  });

  test('any more since the dump began, whatever the language in which the server says so', async () => {
    const german = 's/ERROR:.*/FEHLER:  keine Berechtigung für Tabelle item/';
    const HOLDFAST_PG_ROOT = await clientAfter(world.toolchain.pgRoot, 18, 'sleep 2', german);
    // Else the count of rows may be refused before pg_dump is.
    const dump = Dump.parse({ evidence: 'none' });
    const plan = await planFor(world, { ...server, user, password: PASSWORD }, { databases: ['shop'], dump });
    const dumping = runWorker(world, plan, { HOLDFAST_PG_ROOT });
    await untilHeld(server, 'shop', 'item');
    await query(server, 'shop', `REVOKE SELECT ON item FROM ${user}`);
    const { code, outcome, run } = await dumping;
    const message = 'reader may not read public.item: grant SELECT, and USAGE on the schema, or pg_read_all_data';
    expect(outcome?.databases).toEqual([
      { status: 'failed', database: 'shop', failure: { code: 'TableUnreadable', message } },
    ]);
    expect(code).toBe(ERRORS.TableUnreadable.exit);
    expect(await leftovers(world, run, server)).toEqual(NOTHING);
    await query(server, 'shop', `GRANT SELECT ON item TO ${user}`);
    await rm(HOLDFAST_PG_ROOT, { recursive: true });
  });

  test('does not matter where it is excluded', async () => {
    await query(server, 'postgres', 'CREATE DATABASE partly');
    await query(
      server,
      'partly',
      'CREATE TABLE a (); GRANT SELECT ON a TO reader; CREATE SCHEMA s; CREATE TABLE s.b ()',
    );
    const plan = await planFor(world, { ...server, user, password: PASSWORD }, { databases: ['partly'] });
    const { outcome } = await runWorker(world, { ...plan, dump: { ...plan.dump, excludeTables: ['s.*'] } });
    expect(outcome?.databases).toMatchObject([{ status: 'dumped', totals: { tables: 1 } }]);
  });
});

test.each(['--schema-only', '--exclude-table-data=item', '--filter=/dev/null', '--no-unlogged-table-data'])(
  '%s, which would drop data, is refused also where it has got into a plan',
  async (argument) => {
    const plan = await planFor(world, server, { databases: ['shop'] });
    const extraArgs = [argument] as unknown as DumpPlan['dump']['extraArgs'];
    const { code, outcome, output, run } = await runWorker(world, { ...plan, dump: { ...plan.dump, extraArgs } });
    expect(code).not.toBe(0);
    expect(output).toMatch(new RegExp(`"${argument}\\\\+" is not allowed`));
    expect(outcome).toBeUndefined();
    expect(await leftovers(world, run, server)).toEqual(NOTHING);
  },
);

describe('the command line', () => {
  const startWith = async (args: readonly string[]): Promise<{ code: number | null; output: string }> => {
    const run = await startRun(world, await planFor(world, server, { databases: ['shop'] }));
    const { command, args: usual, env } = workerCommand(world, run);
    const { HOLDFAST_RUN_PK: pk = '', HOLDFAST_RUN_SK: sk = '', HOLDFAST_BUCKET: bucket = '', ...others } = env;
    const flags = [`--run-pk=${pk}`, `--run-sk=${sk}`, `--bucket=${bucket}`];
    const { exitCode = null, all } = await execa(command, [...usual, ...flags, ...args], {
      env: others,
      extendEnv: false,
      all: true,
      reject: false,
    });
    return { code: exitCode, output: all };
  };

  test('may say what the environment does not', async () => {
    const { code, output } = await startWith([]);
    expect({ code, output }).toEqual({ code: 0, output });
  });

  test('with a flag that there is not is refused', async () => {
    const { code, output } = await startWith(['--buckets=b']);
    expect(code).toBe(ERRORS.InvalidInput.exit);
    expect(output).toMatch(/InvalidInput.*Unknown option '--buckets'/);
  });
});
