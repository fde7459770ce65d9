/** What is counted and read in the snapshot, and what of it stays locked. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { planDatabase } from '../../../worker/dump-archives.ts';
import { collectEvidence } from '../../../worker/postgres/evidence.ts';
import { holdSnapshot } from '../../../worker/postgres/snapshot.ts';
import { directServer, untilWaiting } from '../support/direct-server.ts';
import { namesOf, PASSWORD, ROWS, shareDatabase } from '../support/shared-database.ts';
import { query } from '../support/worker-leftovers.ts';

const shared = shareDatabase();

test('counting keeps no lock but those of the tables', async () => {
  await query(shared.server, shared.database, 'ALTER TABLE item ADD PRIMARY KEY (n); CREATE INDEX ON item ((n + 1))');
  const holder = await shared.hold();
  await collectEvidence(holder.session, holder.relations, 'counts');
  const held = await holder.session.rows<{ name: string }>(`SELECT relname AS name FROM pg_catalog.pg_locks
    JOIN pg_catalog.pg_class c ON c.oid = relation WHERE pid = pg_catalog.pg_backend_pid() AND c.oid >= 16384`);
  expect(held).toEqual([{ name: 'item' }]);
  await holder.close();
});

test('a table is counted, though what its index computes is only found in another search_path', async () => {
  await query(
    shared.server,
    shared.database,
    `CREATE SCHEMA app; CREATE TABLE app.child (n integer) INHERITS (item); INSERT INTO app.child VALUES (1), (NULL);
     CREATE FUNCTION app.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
     CREATE FUNCTION app.of_half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT app.half($1)';
     CREATE INDEX ON item (app.of_half(n)); CREATE INDEX ON app.child (app.of_half(n)); SET search_path = app;
     CREATE OR REPLACE FUNCTION of_half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT half($1)'`,
  );
  const holder = await shared.hold();
  const { tables } = await collectEvidence(holder.session, holder.relations, 'counts');
  expect([...tables]).toEqual([
    { schema: 'app', name: 'child', rows: 2 },
    { schema: 'public', name: 'item', rows: ROWS },
  ]);
  expect(await shared.dumpedRows(holder.snapshot)).toBe(ROWS + 1);
  await holder.close();
});

describe('the configuration of an extension', () => {
  beforeEach(async () => {
    // With an OID of its own: pg_dump takes what initdb made for part of the server.
    await query(shared.server, shared.database, 'DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql');
    await query(
      shared.server,
      shared.database,
      `CREATE TABLE configured AS SELECT n FROM generate_series(1, 12) n; CREATE TABLE internal (); CREATE SEQUENCE counter;
       ALTER EXTENSION plpgsql ADD TABLE configured; ALTER EXTENSION plpgsql ADD TABLE internal;
       ALTER EXTENSION plpgsql ADD SEQUENCE counter; SELECT nextval('counter');
       UPDATE pg_extension SET extconfig = ARRAY['configured'::regclass, 'counter'::regclass]::oid[],
                               extcondition = ARRAY['WHERE n > 10 ORDER BY n', ''] WHERE extname = 'plpgsql'`,
    );
  });

  test('is locked and counted as pg_dump writes it', async () => {
    const holder = await shared.hold();
    expect(namesOf(holder)).toEqual(['configured', 'counter', 'item']);
    const truncated = query(shared.server, shared.database, 'TRUNCATE configured');
    await untilWaiting(shared.server, shared.database);
    const { tables, sequences } = await collectEvidence(holder.session, holder.relations, 'counts');
    expect([...tables]).toEqual([
      { schema: 'public', name: 'configured', rows: 2 },
      { schema: 'public', name: 'item', rows: ROWS },
    ]);
    expect([...sequences]).toEqual([{ schema: 'public', name: 'counter', lastValue: '1' }]);
    await holder.close();
    await truncated;
  });

  test('is in the dump; what is left out of it is not locked', async () => {
    const holder = await shared.hold({ excludeTableData: ['configured'] });
    expect(namesOf(holder)).toEqual(['counter', 'item']);
    expect(await shared.dumpedRows(holder.snapshot)).toBe(ROWS + 2);
    const rowsOnly = { kind: 'TABLE', schema: 'public', name: 'configured', rowsOnly: true };
    expect([...holder.leftOut]).toEqual([{ ...rowsOnly, by: 'excludeTableData' }]);
    await holder.close();
    // Its definition is the extension's.
    const without = await shared.hold({ excludeTables: ['configured', 'internal'] });
    expect([...without.leftOut]).toEqual([{ ...rowsOnly, by: 'excludeTables' }]);
    await without.close();
  });

  test('is never named to pg_dump, which would leave it out', async () => {
    await query(shared.server, shared.database, 'INSERT INTO configured SELECT generate_series(1, 200000)');
    const holder = await shared.hold();
    const { archives } = await planDatabase({ dump: Dump.parse({ jobs: 2 }), jobsMax: 2 }, holder, 'UTF8');
    expect(archives.map(({ selection }) => selection).join()).toContain('"item"');
    expect(archives.map(({ selection }) => selection).join()).not.toContain('configured');
    await holder.close();
  });
});

describe('sequences', () => {
  test('are read without a lock that stays, whatever ALTER SEQUENCE is not committed', async () => {
    const create = 'CREATE SEQUENCE used START 41; CREATE SEQUENCE unused; CREATE SEQUENCE "Odd one"';
    await query(shared.server, shared.database, `${create}; SELECT nextval('used')`);
    const other = await shared.begin('ALTER SEQUENCE unused CACHE 7');
    const holder = await shared.hold();
    const { sequences } = await collectEvidence(holder.session, holder.relations, 'none');
    expect([...sequences]).toEqual([
      { schema: 'public', name: 'Odd one', lastValue: null },
      { schema: 'public', name: 'unused', lastValue: null },
      { schema: 'public', name: 'used', lastValue: '41' },
    ]);
    await query(shared.server, shared.database, 'ALTER SEQUENCE used CACHE 7');
    await other.end();
    await holder.close();
  });

  test('that somebody drops are not waited for without end', async () => {
    await query(shared.server, shared.database, 'CREATE SEQUENCE numbers');
    const holder = await shared.hold();
    const other = await shared.begin("SET application_name = 'migration'; DROP SEQUENCE numbers");
    await expect(collectEvidence(holder.session, holder.relations, 'none', 100)).rejects.toMatchObject({
      code: 'LockTimeout',
      message: expect.stringMatching(/: held by process \d+ of postgres \(migration\) on public\.numbers$/) as unknown,
    });
    await other.end();
    await holder.close();
  });
});

test('large objects are measured for whoever may read them', async () => {
  await query(
    shared.server,
    'postgres',
    `CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO reader`,
  );
  const sql = `SELECT lo_from_bytea(n::oid, decode(repeat('00', 3000 * n), 'hex')) FROM generate_series(1, 40) n`;
  await query(shared.server, shared.database, sql);
  await query(
    shared.server,
    shared.database,
    'DO $$ BEGIN FOR n IN 1..40 LOOP EXECUTE format($f$GRANT SELECT ON LARGE OBJECT %s TO reader$f$, n); END LOOP; END $$',
  );
  const holder = await holdSnapshot(directServer({ ...shared.server, user: 'reader' }), Dump.parse({}), shared.session);
  const { largeObjects } = await collectEvidence(holder.session, holder.relations, 'counts');
  expect(largeObjects).toEqual({ count: 40, sizeBytes: (3000 * 40 * 41) / 2 });
  const without = await collectEvidence(holder.session, holder.relations, 'none');
  expect([...without.tables]).toEqual([]);
  expect(without.largeObjects).toEqual({ count: 40 });
  await holder.close();
});
