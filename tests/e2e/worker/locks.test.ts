/** Locks that are not to be had: held by somebody else, or more than the server has room for. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { planDatabase } from '../../../worker/dump-archives.ts';
import type { Relation } from '../../../worker/postgres/relations.ts';
import { openSession, type Session } from '../../../worker/postgres/session.ts';
import { holdSnapshot } from '../../../worker/postgres/snapshot.ts';
import { directServer, untilWaiting } from '../support/direct-server.ts';
import { PASSWORD, shareDatabase } from '../support/shared-database.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';

const shared = shareDatabase();

test('a lock that does not come in time names who holds it', async () => {
  const other = await shared.begin("SET application_name = 'migration'; LOCK TABLE item");
  const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await expect(shared.hold({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'LockTimeout',
    message: `a lock was waited for, for 0.2 s: held by process ${rows[0]?.pid ?? 0} of postgres (migration) on item`,
  });
  await other.end();
});

test('a lock that does not come in time names who queues before it, and nobody who is not in the way', async () => {
  const bystander = await shared.begin('CREATE TABLE elsewhere ()');
  const reader = await shared.begin('SELECT FROM item');
  const { rows } = await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const altered = query(shared.server, shared.database, 'ALTER TABLE item ADD COLUMN note text');
  await untilWaiting(shared.server, shared.database);
  const who = `wanted before by process \\d+ of postgres \\(\\) on item, who waits for ${rows[0]?.pid ?? 0}`;
  await expect(shared.hold({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'LockTimeout',
    message: expect.stringMatching(new RegExp(`^a lock was waited for, for 0\\.2 s: ${who}$`)) as unknown,
  });
  await Promise.all([reader.end(), bystander.end()]);
  await altered;
});

test('a lock that a prepared transaction holds is named by it, and so is who waits for that', async () => {
  const other = await shared.begin('LOCK TABLE item');
  await other.query("PREPARE TRANSACTION 'half done'");
  await other.end();
  const altered = query(shared.server, shared.database, 'ALTER TABLE item ADD COLUMN note text');
  await untilWaiting(shared.server, shared.database);
  const held = 'held by the prepared transaction "half done" of postgres on item';
  const wanted = 'wanted before by process \\d+ of postgres \\(\\) on item, who waits for a prepared transaction';
  await expect(shared.hold({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'LockTimeout',
    message: expect.stringMatching(new RegExp(`^a lock was waited for, for 0\\.2 s: ${held}; ${wanted}$`)) as unknown,
  });
  await query(shared.server, shared.database, "ROLLBACK PREPARED 'half done'");
  await altered;
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
    const options = { ...shared.session, database: 'postgres' };
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

describe('parallel archives, on a server with few locks', () => {
  const keep = stopAfterTests();
  let poor: PostgresServer;
  let session: Session;

  beforeAll(async () => {
    const settings = { max_locks_per_transaction: 10, max_connections: 20 };
    poor = await keep(startPostgres({ major: 17, password: PASSWORD, settings }));
    session = await keep(openSession(directServer(poor), { ...shared.session, database: 'postgres' }));
  });

  /** Of 150 tables with a gigabyte each, which nobody has to make. */
  const plan = async (on: Session, jobs: Dump['jobs']): Promise<string[]> => {
    const relations = Array.from({ length: 150 }, (_, n): Relation => ({ ...RELATION, oid: n, name: `t${n}` }));
    const context = { dump: Dump.parse({ jobs }), jobsMax: 32 };
    return (await planDatabase(context, { session: on, relations }, 'UTF8')).archives.map(({ role }) => role);
  };

  test('become one archive, unless more are asked for: that is refused', async () => {
    expect(await plan(session, 'auto')).toEqual(['archive']);
    await expect(plan(session, 3)).rejects.toMatchObject({
      code: 'DumpFailed',
      message: expect.stringMatching(/takes \d+ locks .*: set max_locks_per_transaction to \d+ or more/) as unknown,
    });
  });

  test('are no more than the run can record, which is said', async () => {
    const context = { dump: Dump.parse({ jobs: 3 }), jobsMax: 1 };
    const { archives, warnings } = await planDatabase(context, { session, relations: [] }, 'UTF8');
    expect(archives).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/^dump\.jobs is 3, but the run has room to record 1 /)]);
  });

  test('are made where there are more', async () => {
    const rich = await openSession(directServer(shared.server), shared.session);
    expect(await plan(rich, 'auto')).toContain('schema');
    await rich.close();
  });
});

const RELATION: Relation = {
  ...{ oid: 0, schema: 'public', name: '', kind: 'r', rootSchema: null, rootName: null },
  ...{
    withRows: true,
    ofExtension: false,
    condition: null,
    readable: true,
    rowSecurity: false,
    unlogged: false,
    locked: true,
    sizeBytes: 1_000_000_000,
  },
};
