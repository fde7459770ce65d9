/** The session that locks every table and holds the snapshot, against servers that do not hold still. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Dump } from '../../../core/config/dump.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { planDatabase } from '../../../worker/dump-archives.ts';
import { watchBlocked } from '../../../worker/postgres/blocked-ddl.ts';
import { collectEvidence } from '../../../worker/postgres/evidence.ts';
import { holdSnapshot, type HolderOptions, type SnapshotHolder } from '../../../worker/postgres/snapshot.ts';
import { directServer, untilWaiting } from '../support/direct-server.ts';
import { query } from '../support/worker-leftovers.ts';
import type { TestServer } from '../support/worker-run.ts';

const PASSWORD = 'secret';
const ROWS = 100;
const APPLICATION = 'holdfast test';

let server: PostgresServer;
let database = '';
let databases = 0;

beforeAll(async () => {
  server = await startPostgres({ major: 17, password: PASSWORD });
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  database = `db_${++databases}`;
  await query(server, 'postgres', `CREATE DATABASE ${database}`);
  await query(server, database, `CREATE TABLE item AS SELECT n FROM generate_series(1, ${ROWS}) n`);
});

function hold(dump: Partial<Dump> = {}, options: Partial<HolderOptions> = {}): Promise<SnapshotHolder> {
  const all = { database, applicationName: APPLICATION, ...options };
  return holdSnapshot(directServer(server), { ...Dump.parse({}), ...dump }, all);
}

/** A session of somebody else, with a transaction that stays open until `COMMIT`. */
async function begin(sql: string, on: TestServer = server): Promise<Client> {
  const client = new Client({ ...on, database });
  // The server ends it with itself, where a test failed before its end.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`BEGIN; ${sql}`);
  return client;
}

/** Lines of COPY data in what pg_dump writes of the table `item` on a snapshot. */
async function dumpedRows(snapshot: string): Promise<number> {
  const { stdout } = await promisify(execFile)(
    `${server.pgBin}/pg_dump`,
    ['--data-only', '--lock-wait-timeout=300', `--snapshot=${snapshot}`, database],
    { env: { PGHOST: server.host, PGPORT: String(server.port), PGUSER: server.user, PGPASSWORD: PASSWORD } },
  );
  return stdout.split('\n').filter((line) => /^\d+$/.test(line)).length;
}

const names = (holder: SnapshotHolder): string[] => holder.relations.map(({ name }) => name);

/** The table has its rows before and after, whenever one looks. */
const REFILL = `TRUNCATE item; INSERT INTO item SELECT n FROM generate_series(1, ${ROWS}) n`;

describe('a TRUNCATE between snapshot and reader', () => {
  test('empties what pg_dump reads on a snapshot alone', async () => {
    const exporter = await begin('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    const { rows } = await exporter.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    await query(server, database, REFILL);
    expect(await dumpedRows(rows[0]?.id ?? '')).toBe(0);
    await exporter.end();
  });

  test('waits for the holder, whose rows stay; pg_dump gives up rather than read none', async () => {
    const holder = await hold();
    expect(await dumpedRows(holder.snapshot)).toBe(ROWS);
    const refilled = query(server, database, REFILL);
    await untilWaiting(server, database);
    await expect(dumpedRows(holder.snapshot)).rejects.toThrow(/due to statement timeout\n.*LOCK TABLE public\.item/);
    const { tables } = await collectEvidence(holder.session, holder.relations, 'counts');
    expect(tables).toEqual([{ schema: 'public', name: 'item', rows: ROWS }]);
    await holder.close();
    await refilled;
  });

  test('that has begun before is waited for', async () => {
    const other = await begin(REFILL);
    const held = hold();
    await untilWaiting(server, database);
    await other.query('COMMIT');
    await other.end();
    const holder = await held;
    expect(await dumpedRows(holder.snapshot)).toBe(ROWS);
    await holder.close();
  });
});

describe('a list of tables that is stale when they are locked', () => {
  test.each([
    ['a table was made', 'CREATE TABLE young ()', ['item', 'later', 'young']],
    ['a table was dropped', 'DROP TABLE later', ['item']],
    ['a schema was dropped', 'DROP SCHEMA side CASCADE', ['item', 'later']],
    ['a table was made again', 'DROP TABLE later; CREATE TABLE later ()', ['item', 'later']],
  ])('is made again: %s', async (_, change, expected) => {
    await query(server, database, 'CREATE TABLE later (); CREATE SCHEMA side; CREATE TABLE side.one ()');
    const other = await begin('LOCK TABLE item');
    const held = hold({ excludeTables: change.includes('side') ? [] : ['side.*'] });
    await untilWaiting(server, database);
    await query(server, database, change);
    await other.query('COMMIT');
    await other.end();
    const holder = await held;
    expect(names(holder)).toEqual(expected);
    const locked = `SELECT relname AS name FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN pg_class c ON c.oid = relation
       WHERE relname !~ '^pg_' AND datname = current_database() AND application_name = '${APPLICATION}' ORDER BY 1`;
    expect((await query(server, database, locked)).map(({ name }) => name)).toEqual(expected);
    await holder.close();
  });
});

test('counting keeps no lock but those of the tables', async () => {
  await query(server, database, 'ALTER TABLE item ADD PRIMARY KEY (n); CREATE INDEX ON item ((n + 1))');
  const holder = await hold();
  await collectEvidence(holder.session, holder.relations, 'counts');
  const held = await holder.session.rows<{ name: string }>(`SELECT relname AS name FROM pg_catalog.pg_locks
    JOIN pg_catalog.pg_class c ON c.oid = relation WHERE pid = pg_catalog.pg_backend_pid() AND c.oid >= 16384`);
  expect(held).toEqual([{ name: 'item' }]);
  await holder.close();
});

test('a lock that does not come in time names who holds it', async () => {
  const other = await begin("SET application_name = 'migration'; LOCK TABLE item");
  const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await expect(hold({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'LockTimeout',
    message: `a lock was waited for, for 0.2 s: held by process ${rows[0]?.pid ?? 0} of postgres (migration) on item`,
  });
  await other.end();
});

test('a lock that does not come in time names who queues before it, and nobody who is not in the way', async () => {
  const bystander = await begin('CREATE TABLE elsewhere ()');
  const reader = await begin('SELECT FROM item');
  const { rows } = await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const altered = query(server, database, 'ALTER TABLE item ADD COLUMN note text');
  await untilWaiting(server, database);
  const who = `wanted before by process \\d+ of postgres \\(\\) on item, who waits for ${rows[0]?.pid ?? 0}`;
  await expect(hold({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'LockTimeout',
    message: expect.stringMatching(new RegExp(`^a lock was waited for, for 0\\.2 s: ${who}$`)) as unknown,
  });
  await Promise.all([reader.end(), bystander.end()]);
  await altered;
});

test('a deadlock with a migration is lost by the holder, who begins again', async () => {
  await query(server, database, 'CREATE TABLE first ()');
  // The one whose wait has lasted its deadlock_timeout gives way.
  const other = await begin("SET LOCAL deadlock_timeout = '20s'; LOCK TABLE item");
  const held = hold();
  await untilWaiting(server, database);
  await other.query('LOCK TABLE first; COMMIT');
  await other.end();
  const holder = await held;
  expect(names(holder)).toEqual(['first', 'item']);
  await holder.close();
});

test("tables that took each other's names while they were locked are all locked", async () => {
  const create = ['one', 'two'].map((schema) => `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.data (n integer)`);
  await query(server, database, create.join(';'));
  // Between the two, in the order in which they are locked.
  const other = await begin('LOCK TABLE public.item');
  const held = hold();
  await untilWaiting(server, database);
  const swap = ['one RENAME TO three', 'two RENAME TO one', 'three RENAME TO two'];
  await query(server, database, swap.map((change) => `ALTER SCHEMA ${change}`).join(';'));
  await other.query('COMMIT');
  await other.end();
  const holder = await held;
  const locked = await holder.session.rows<{ name: string }>(`SELECT relation::regclass::text AS name
    FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND relation >= 16384 ORDER BY 1`);
  expect(locked.map(({ name }) => name)).toEqual(['one.data', 'public.item', 'two.data']);
  await holder.close();
});

describe('the configuration of an extension', () => {
  beforeEach(async () => {
    // With an OID of its own: pg_dump takes what initdb made for part of the server.
    await query(server, database, 'DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql');
    await query(
      server,
      database,
      `CREATE TABLE configured AS SELECT n FROM generate_series(1, 12) n; CREATE TABLE internal (); CREATE SEQUENCE counter;
       ALTER EXTENSION plpgsql ADD TABLE configured; ALTER EXTENSION plpgsql ADD TABLE internal;
       ALTER EXTENSION plpgsql ADD SEQUENCE counter; SELECT nextval('counter');
       UPDATE pg_extension SET extconfig = ARRAY['configured'::regclass, 'counter'::regclass]::oid[],
                               extcondition = ARRAY['WHERE n > 10 ORDER BY n', ''] WHERE extname = 'plpgsql'`,
    );
  });

  test('is locked and counted as pg_dump writes it', async () => {
    const holder = await hold();
    expect(names(holder)).toEqual(['configured', 'counter', 'item']);
    const truncated = query(server, database, 'TRUNCATE configured');
    await untilWaiting(server, database);
    const { tables, sequences } = await collectEvidence(holder.session, holder.relations, 'counts');
    expect(tables).toEqual([
      { schema: 'public', name: 'configured', rows: 2 },
      { schema: 'public', name: 'item', rows: ROWS },
    ]);
    expect(sequences).toEqual([{ schema: 'public', name: 'counter', lastValue: '1' }]);
    await holder.close();
    await truncated;
  });

  test('is in the dump; what is left out of it is not locked', async () => {
    const holder = await hold({ excludeTableData: ['configured'] });
    expect(names(holder)).toEqual(['counter', 'item']);
    expect(await dumpedRows(holder.snapshot)).toBe(ROWS + 2);
    await holder.close();
  });

  test('is never named to pg_dump, which would leave it out', async () => {
    await query(server, database, 'INSERT INTO configured SELECT generate_series(1, 200000)');
    const holder = await hold();
    const { archives } = await planDatabase({ dump: Dump.parse({ jobs: 2 }), jobsMax: 2 }, holder, 'UTF8');
    expect(archives.map(({ selection }) => selection).join()).toContain('"item"');
    expect(archives.map(({ selection }) => selection).join()).not.toContain('configured');
    await holder.close();
  });
});

describe('sequences', () => {
  test('are read without a lock that stays, whatever ALTER SEQUENCE is not committed', async () => {
    const create = 'CREATE SEQUENCE used START 41; CREATE SEQUENCE unused; CREATE SEQUENCE "Odd one"';
    await query(server, database, `${create}; SELECT nextval('used')`);
    const other = await begin('ALTER SEQUENCE unused CACHE 7');
    const holder = await hold();
    const { sequences } = await collectEvidence(holder.session, holder.relations, 'none');
    expect(sequences).toEqual([
      { schema: 'public', name: 'Odd one', lastValue: null },
      { schema: 'public', name: 'unused', lastValue: null },
      { schema: 'public', name: 'used', lastValue: '41' },
    ]);
    await query(server, database, 'ALTER SEQUENCE used CACHE 7');
    await other.end();
    await holder.close();
  });

  test('that somebody drops are not waited for without end', async () => {
    await query(server, database, 'CREATE SEQUENCE numbers');
    const holder = await hold();
    const other = await begin("SET application_name = 'migration'; DROP SEQUENCE numbers");
    await expect(collectEvidence(holder.session, holder.relations, 'none', 100)).rejects.toMatchObject({
      code: 'LockTimeout',
      message: expect.stringMatching(/: held by process \d+ of postgres \(migration\) on public\.numbers$/) as unknown,
    });
    await other.end();
    await holder.close();
  });
});

test('a session that was ended is no proof', async () => {
  const holder = await hold();
  await holder.proveAlive();
  await query(server, 'postgres', terminate(APPLICATION));
  await expect(holder.proveAlive()).rejects.toMatchObject({
    code: 'DumpFailed',
    message: expect.stringMatching(
      /snapshot was lost: .*terminating connection due to administrator command/,
    ) as unknown,
  });
  await holder.close();
});

const terminate = (application: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${application}'`;

test('timeouts of role and database end nothing', async () => {
  const timeouts = {
    statement_timeout: '150ms',
    lock_timeout: '100ms',
    idle_in_transaction_session_timeout: '100ms',
    idle_session_timeout: '100ms',
    transaction_timeout: '200ms',
  };
  await query(
    server,
    'postgres',
    `CREATE ROLE hurried LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO hurried`,
  );
  for (const [name, value] of Object.entries(timeouts)) {
    await query(server, 'postgres', `ALTER ROLE hurried SET ${name} = '${value}'`);
    await query(server, 'postgres', `ALTER DATABASE ${database} SET ${name} = '${value}'`);
  }
  const other = await begin(`SET LOCAL transaction_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL statement_timeout = 0; LOCK TABLE item`);
  const options = { database, applicationName: APPLICATION };
  const held = holdSnapshot(directServer({ ...server, user: 'hurried' }), Dump.parse({}), options);
  await untilWaiting(server, database);
  await sleep(300);
  await other.query('COMMIT');
  await other.end();
  const holder = await held;
  await sleep(300);
  await holder.session.run('SELECT pg_catalog.pg_sleep(0.3)');
  await holder.proveAlive();
  await holder.close();
});

describe('a session that waits for the dump', () => {
  const STATEMENT = `ALTER TABLE item ADD COLUMN note text DEFAULT 'pass word'`;

  test('is named, without its text', async () => {
    await query(server, database, 'CREATE TABLE indexed (n integer)');
    const holder = await hold();
    const options = { database, applicationName: APPLICATION };
    const failed: unknown[] = [];
    const watch = await watchBlocked(directServer(server), options, 'warn', (error) => failed.push(error));
    // First, or it would wait for the ALTER TABLE, and only behind that for the dump.
    const index = query(server, database, 'CREATE INDEX CONCURRENTLY ON indexed (n)');
    while (watch.warnings().length < 1) await sleep(50);
    const blocked = query(server, database, STATEMENT);
    while (watch.warnings().length < 2) await sleep(50);
    expect(watch.warnings().sort()).toEqual([
      expect.stringMatching(/^process \d+ of postgres \(\) waits for this dump since 20.*Z: /),
      expect.stringMatching(/^process \d+ of postgres \(\) waits for this dump since 20.*Z: /),
    ]);
    const said = watch.warnings().join();
    expect(said).toMatch(/: ALTER TABLE on public\.item/);
    expect(said).toMatch(/: CREATE INDEX/);
    expect(said).not.toContain('pass word');
    await watch.stop();
    await holder.close();
    await Promise.all([blocked, index]);
    expect(failed).toEqual([]);
  });

  test('is seen by a user who may not see what others do', async () => {
    await query(server, 'postgres', `CREATE ROLE plain LOGIN PASSWORD '${PASSWORD}'`);
    await query(server, database, 'GRANT SELECT ON item TO plain');
    const plain = directServer({ ...server, user: 'plain' });
    const options = { database, applicationName: APPLICATION };
    const holder = await holdSnapshot(plain, Dump.parse({}), options);
    const failure = Promise.withResolvers<unknown>();
    const watch = await watchBlocked(plain, options, 'fail', failure.resolve);
    const blocked = query(server, database, STATEMENT);
    expect(await failure.promise).toMatchObject({
      code: 'LockTimeout',
      message: expect.stringMatching(/: a statement that wants AccessExclusiveLock on public\.item; /) as unknown,
    });
    await watch.stop();
    await holder.close();
    await blocked;
  });

  test('is one of twenty that are named', async () => {
    const holder = await hold();
    const options = { database, applicationName: APPLICATION };
    const watch = await watchBlocked(directServer(server), options, 'warn', () => undefined);
    const blocked = Array.from({ length: 22 }, () => query(server, database, 'TRUNCATE item'));
    await untilWaiting(server, database, blocked.length);
    while (watch.warnings().length < 21) await sleep(50);
    expect(watch.warnings().at(-1)).toBe("2 more sessions that waited for this dump are in the worker's log");
    await watch.stop();
    await holder.close();
    await Promise.all(blocked);
  });

  test('ends the dump where it is to fail', async () => {
    const holder = await hold();
    const failure = Promise.withResolvers<unknown>();
    const options = { database, applicationName: APPLICATION };
    const watch = await watchBlocked(directServer(server), options, 'fail', failure.resolve);
    const blocked = query(server, database, STATEMENT);
    expect(await failure.promise).toMatchObject({
      code: 'LockTimeout',
      message: expect.stringMatching(/ALTER TABLE on public\.item; onBlockedDdl is fail$/) as unknown,
    });
    await watch.stop();
    await holder.close();
    await blocked;
  });

  test('of another dump or of nobody in particular is no concern of ours', async () => {
    const options = { database, applicationName: APPLICATION };
    const failed: unknown[] = [];
    const watch = await watchBlocked(directServer(server), options, 'fail', (error) => failed.push(error));
    const other = await begin('LOCK TABLE item');
    const blocked = query(server, database, STATEMENT);
    await untilWaiting(server, database);
    await sleep(2_200);
    await watch.stop();
    expect([watch.warnings(), failed]).toEqual([[], []]);
    await other.end();
    await blocked;
  });
});

describe('the lock table of the server', () => {
  const TABLES = 700;

  /** A server whose lock table is small, with many tables. */
  async function startSmall(locksPerTransaction: number): Promise<PostgresServer> {
    const settings = { max_connections: 20, max_locks_per_transaction: locksPerTransaction };
    const small = await startPostgres({ major: 17, password: PASSWORD, settings });
    for (let start = 0; start < TABLES; start += 50) {
      const create = `EXECUTE format('CREATE TABLE t_%s ()', n)`;
      await query(
        small,
        'postgres',
        `DO $$ BEGIN FOR n IN ${start + 1}..${start + 50} LOOP ${create}; END LOOP; END $$`,
      );
    }
    return small;
  }

  test('that is too small is known before a lock is taken, with what to set', async () => {
    const options = { database: 'postgres', applicationName: APPLICATION };
    const small = await startSmall(10);
    const refused: unknown = await holdSnapshot(directServer(small), Dump.parse({}), options).catch(
      (error: unknown) => error,
    );
    await small.stop();
    expect(refused).toMatchObject({ code: 'DumpFailed' });
    const [, needed, toSet] =
      /^the dump takes (\d+) locks and the server has room for \d+ \(others hold \d+\): set max_locks_per_transaction to (\d+) or more, it is 10, and restart the server$/.exec(
        (refused as Error).message,
      ) ?? [];
    expect(Number(needed)).toBeGreaterThan(2 * TABLES);

    const enough = await startSmall(Number(toSet));
    const holder = await holdSnapshot(directServer(enough), Dump.parse({}), options);
    const pgDump = promisify(execFile)(
      `${enough.pgBin}/pg_dump`,
      ['--schema-only', `--snapshot=${holder.snapshot}`, 'postgres'],
      { env: { PGHOST: enough.host, PGPORT: String(enough.port), PGUSER: enough.user, PGPASSWORD: PASSWORD } },
    );
    await expect(pgDump).resolves.toMatchObject({ stderr: '' });
    await holder.close();
    await enough.stop();
  });
});

test('large objects are measured for whoever may read them', async () => {
  await query(server, 'postgres', `CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO reader`);
  const sql = `SELECT lo_from_bytea(n::oid, decode(repeat('00', 3000 * n), 'hex')) FROM generate_series(1, 40) n`;
  await query(server, database, sql);
  await query(
    server,
    database,
    'DO $$ BEGIN FOR n IN 1..40 LOOP EXECUTE format($f$GRANT SELECT ON LARGE OBJECT %s TO reader$f$, n); END LOOP; END $$',
  );
  const options = { database, applicationName: APPLICATION };
  const holder = await holdSnapshot(directServer({ ...server, user: 'reader' }), Dump.parse({}), options);
  const { largeObjects } = await collectEvidence(holder.session, holder.relations, 'counts');
  expect(largeObjects).toEqual({ count: 40, sizeBytes: (3000 * 40 * 41) / 2 });
  expect(await collectEvidence(holder.session, holder.relations, 'none')).toMatchObject({
    tables: [],
    largeObjects: { count: 40 },
  });
  await holder.close();
});
