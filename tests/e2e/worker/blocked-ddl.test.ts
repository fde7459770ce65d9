/** Who is seen to wait for a dump, and what is said of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { watchBlocked } from '../../../worker/postgres/blocked-ddl.ts';
import { holdSnapshot } from '../../../worker/postgres/snapshot.ts';
import { directServer, untilWaiting } from '../support/direct-server.ts';
import { PASSWORD, shareDatabase } from '../support/shared-database.ts';
import { query } from '../support/worker-leftovers.ts';

const shared = shareDatabase();

describe('a session that waits for the dump', () => {
  const STATEMENT = `ALTER TABLE item ADD COLUMN note text DEFAULT 'pass word'`;

  test('is named, without its text', async () => {
    await query(shared.server, shared.database, 'CREATE TABLE indexed (n integer)');
    const holder = await shared.hold();
    const failed: unknown[] = [];
    const watch = await watchBlocked(directServer(shared.server), shared.session, 'warn', (error) =>
      failed.push(error),
    );
    // First, or it would wait for the ALTER TABLE, and only behind that for the dump.
    const index = query(shared.server, shared.database, 'CREATE INDEX CONCURRENTLY ON indexed (n)');
    while (watch.warnings().length < 1) await sleep(50);
    const blocked = query(shared.server, shared.database, STATEMENT);
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
    await query(shared.server, 'postgres', `CREATE ROLE plain LOGIN PASSWORD '${PASSWORD}'`);
    await query(shared.server, shared.database, 'GRANT SELECT ON item TO plain');
    const plain = directServer({ ...shared.server, user: 'plain' });
    const holder = await holdSnapshot(plain, Dump.parse({}), shared.session);
    const failure = Promise.withResolvers<unknown>();
    const watch = await watchBlocked(plain, shared.session, 'fail', failure.resolve);
    const blocked = query(shared.server, shared.database, STATEMENT);
    expect(await failure.promise).toMatchObject({
      code: 'LockTimeout',
      message: expect.stringMatching(/: a statement that wants AccessExclusiveLock on public\.item; /) as unknown,
    });
    await watch.stop();
    await holder.close();
    await blocked;
  });

  test('is one of twenty that are named', async () => {
    const holder = await shared.hold();
    const watch = await watchBlocked(directServer(shared.server), shared.session, 'warn', () => undefined);
    const blocked = Array.from({ length: 22 }, () => query(shared.server, shared.database, 'TRUNCATE item'));
    await untilWaiting(shared.server, shared.database, blocked.length);
    while (watch.warnings().length < 21) await sleep(50);
    expect(watch.warnings().at(-1)).toBe("2 more sessions that waited for this dump are in the worker's log");
    await watch.stop();
    await holder.close();
    await Promise.all(blocked);
  });

  test('ends the dump where it is to fail', async () => {
    const holder = await shared.hold();
    const failure = Promise.withResolvers<unknown>();
    const watch = await watchBlocked(directServer(shared.server), shared.session, 'fail', failure.resolve);
    const blocked = query(shared.server, shared.database, STATEMENT);
    expect(await failure.promise).toMatchObject({
      code: 'LockTimeout',
      message: expect.stringMatching(/ALTER TABLE on public\.item; onBlockedDdl is fail$/) as unknown,
    });
    await watch.stop();
    await holder.close();
    await blocked;
  });

  test('of another dump or of nobody in particular is no concern of ours', async () => {
    const failed: unknown[] = [];
    const watch = await watchBlocked(directServer(shared.server), shared.session, 'fail', (error) =>
      failed.push(error),
    );
    const other = await shared.begin('LOCK TABLE item');
    const blocked = query(shared.server, shared.database, STATEMENT);
    await untilWaiting(shared.server, shared.database);
    await sleep(2_200);
    await watch.stop();
    expect([watch.warnings(), failed]).toEqual([[], []]);
    await other.end();
    await blocked;
  });
});
