/** The session that locks every table and holds the snapshot, against databases that do not hold still. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { collectEvidence } from '../../../worker/postgres/evidence.ts';
import { holdSnapshot } from '../../../worker/postgres/snapshot.ts';
import { directServer, untilWaiting } from '../support/direct-server.ts';
import { namesOf, PASSWORD, ROWS, shareDatabase } from '../support/shared-database.ts';
import { query } from '../support/worker-leftovers.ts';

const shared = shareDatabase();

/** The table has its rows before and after, whenever one looks. */
const REFILL = `TRUNCATE item; INSERT INTO item SELECT n FROM generate_series(1, ${ROWS}) n`;

describe('a TRUNCATE between snapshot and reader', () => {
  test('empties what pg_dump reads on a snapshot alone', async () => {
    const exporter = await shared.begin('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    const { rows } = await exporter.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    await query(shared.server, shared.database, REFILL);
    expect(await shared.dumpedRows(rows[0]?.id ?? '')).toBe(0);
    await exporter.end();
  });

  test('waits for the holder, whose rows stay; pg_dump gives up rather than read none', async () => {
    const holder = await shared.hold();
    expect(await shared.dumpedRows(holder.snapshot)).toBe(ROWS);
    const refilled = query(shared.server, shared.database, REFILL);
    await untilWaiting(shared.server, shared.database);
    await expect(shared.dumpedRows(holder.snapshot)).rejects.toThrow(
      /due to statement timeout\n.*LOCK TABLE public\.item/,
    );
    const { tables } = await collectEvidence(holder.session, holder.relations, 'counts');
    expect([...tables]).toEqual([{ schema: 'public', name: 'item', rows: ROWS }]);
    await holder.close();
    await refilled;
  });

  test('that has begun before is waited for', async () => {
    const other = await shared.begin(REFILL);
    const held = shared.hold();
    await untilWaiting(shared.server, shared.database);
    await other.query('COMMIT');
    await other.end();
    const holder = await held;
    expect(await shared.dumpedRows(holder.snapshot)).toBe(ROWS);
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
    await query(shared.server, shared.database, 'CREATE TABLE later (); CREATE SCHEMA side; CREATE TABLE side.one ()');
    const other = await shared.begin('LOCK TABLE item');
    const held = shared.hold({ excludeTables: change.includes('side') ? [] : ['side.*'] });
    await untilWaiting(shared.server, shared.database);
    await query(shared.server, shared.database, change);
    await other.query('COMMIT');
    await other.end();
    const holder = await held;
    expect(namesOf(holder)).toEqual(expected);
    const locked = `SELECT relname AS name FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN pg_class c ON c.oid = relation
       WHERE relname !~ '^pg_' AND datname = current_database() AND application_name = '${shared.session.applicationName}' ORDER BY 1`;
    expect((await query(shared.server, shared.database, locked)).map(({ name }) => name)).toEqual(expected);
    await holder.close();
  });
});

test('tables that are made all the time end in an error that says so', async () => {
  let other = await shared.begin('LOCK TABLE item');
  const failure = shared.hold().catch((error: unknown) => error);
  for (let attempt = 1; attempt <= 5; attempt++) {
    await untilWaiting(shared.server, shared.database);
    // Gets the table when this attempt gives it back.
    const next = shared.begin('LOCK TABLE item');
    await untilWaiting(shared.server, shared.database, 2);
    await query(shared.server, shared.database, `CREATE TABLE young_${attempt} ()`);
    await other.end();
    other = await next;
  }
  await other.end();
  expect(await failure).toMatchObject({
    code: 'DumpFailed',
    message: 'tables were created, dropped or altered all the time: no list of them held still in 5 attempts',
  });
});

test('a deadlock with a migration is lost by the holder, who begins again', async () => {
  await query(shared.server, shared.database, 'CREATE TABLE first ()');
  // The one whose wait has lasted its deadlock_timeout gives way.
  const other = await shared.begin("SET LOCAL deadlock_timeout = '20s'; LOCK TABLE item");
  const held = shared.hold();
  await untilWaiting(shared.server, shared.database);
  await other.query('LOCK TABLE first; COMMIT');
  await other.end();
  const holder = await held;
  expect(namesOf(holder)).toEqual(['first', 'item']);
  await holder.close();
});

test("tables that took each other's names while they were locked are all locked", async () => {
  const create = ['one', 'two'].map((schema) => `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.data (n integer)`);
  await query(shared.server, shared.database, create.join(';'));
  // Between the two, in the order in which they are locked.
  const other = await shared.begin('LOCK TABLE public.item');
  const held = shared.hold();
  await untilWaiting(shared.server, shared.database);
  const swap = ['one RENAME TO three', 'two RENAME TO one', 'three RENAME TO two'];
  await query(shared.server, shared.database, swap.map((change) => `ALTER SCHEMA ${change}`).join(';'));
  await other.query('COMMIT');
  await other.end();
  const holder = await held;
  const locked = await holder.session.rows<{ name: string }>(`SELECT relation::regclass::text AS name
    FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND relation >= 16384 ORDER BY 1`);
  expect(locked.map(({ name }) => name)).toEqual(['one.data', 'public.item', 'two.data']);
  await holder.close();
});

test('a session that was ended is no proof', async () => {
  const holder = await shared.hold();
  await holder.proveAlive();
  await query(shared.server, 'postgres', terminate(shared.session.applicationName));
  await expect(holder.proveAlive()).rejects.toMatchObject({
    code: 'DumpFailed',
    message: expect.stringMatching(
      /snapshot was lost: .*terminating connection due to administrator command/,
    ) as unknown,
  });
  await holder.close();
});

test('a session that has another transaction by now is no proof', async () => {
  const holder = await shared.hold();
  await holder.session.run('COMMIT');
  await holder.session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await expect(holder.proveAlive()).rejects.toMatchObject({
    code: 'DumpFailed',
    message: 'the transaction that held the snapshot ended before the dump did',
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
    shared.server,
    'postgres',
    `CREATE ROLE hurried LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO hurried`,
  );
  for (const [name, value] of Object.entries(timeouts)) {
    await query(shared.server, 'postgres', `ALTER ROLE hurried SET ${name} = '${value}'`);
    await query(shared.server, 'postgres', `ALTER DATABASE ${shared.database} SET ${name} = '${value}'`);
  }
  const other =
    await shared.begin(`SET LOCAL transaction_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL statement_timeout = 0; LOCK TABLE item`);
  const held = holdSnapshot(directServer({ ...shared.server, user: 'hurried' }), Dump.parse({}), shared.session);
  await untilWaiting(shared.server, shared.database);
  await sleep(300);
  await other.query('COMMIT');
  await other.end();
  const holder = await held;
  await sleep(300);
  await holder.session.run('SELECT pg_catalog.pg_sleep(0.3)');
  await holder.proveAlive();
  await holder.close();
});

test('invalid indexes, which pg_dump leaves out without a word, are a warning', async () => {
  const { server, database } = shared;
  const columns = Array.from({ length: 12 }, (_, n) => `CREATE INDEX item_${n + 10} ON item (n)`);
  await query(
    server,
    database,
    `${columns.join(';')}; CREATE TABLE other AS SELECT 1 AS n; CREATE INDEX odd ON other (n)`,
  );
  const whole = await shared.hold();
  expect(whole.warnings).toEqual([]);
  await whole.close();
  const invalid = (names: string): string =>
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text ~ '${names}'`;
  await query(server, database, invalid('^(odd|item_1[01])$'));
  const few = await shared.hold({ excludeTables: ['oth*'] });
  expect(few.warnings).toEqual([
    'invalid indexes are not in the dump, and in nothing that is restored from it: public.item_10, public.item_11: REINDEX or drop them',
  ]);
  await few.close();
  await query(server, database, invalid('^item_'));
  const many = await shared.hold();
  expect(many.warnings).toEqual([expect.stringMatching(/: public\.item_10, .*, public\.item_19 and 3 more: REINDEX/)]);
  await many.close();
});

test('what stands on relations that are left out, and will not restore without them, is a warning', async () => {
  await query(
    shared.server,
    shared.database,
    `CREATE TABLE parted (n integer PRIMARY KEY) PARTITION BY RANGE (n);
     CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9);
     CREATE TABLE lone (n serial PRIMARY KEY, again integer REFERENCES lone);
     CREATE TABLE heir () INHERITS (lone);
     CREATE TABLE referring (n integer DEFAULT nextval('lone_n_seq') REFERENCES lone, whole lone);
     ALTER TABLE referring ENABLE ROW LEVEL SECURITY;
     CREATE POLICY known ON referring USING (EXISTS (SELECT FROM lone));
     CREATE VIEW shown AS SELECT n FROM lone;
     CREATE FUNCTION of_lone(lone) RETURNS integer LANGUAGE sql AS 'SELECT 1';
     CREATE VIEW away AS SELECT n FROM shown`,
  );
  const kept = await shared.hold({ excludeTables: ['away'] });
  expect(kept.warnings).toEqual([]);
  await kept.close();
  const excluding = await shared.hold({ excludeTables: ['parted', 'lone', 'lone_n_seq', 'away'] });
  const [warning, ...others] = excluding.warnings;
  expect(others).toEqual([]);
  expect(warning?.split(': ')[1]?.split(', ')).toEqual([
    'sequence lone_n_seq by default value for column n of table heir',
    'sequence lone_n_seq by default value for column n of table referring',
    'table lone by constraint referring_n_fkey on table referring',
    'table lone by function of_lone(lone)',
    'table lone by policy known on table referring',
    'table lone by table heir',
    'table lone by table referring',
    'table lone by view shown',
    'table parted by table part',
  ]);
  await excluding.close();
});
