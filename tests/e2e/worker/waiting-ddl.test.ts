/** DDL of others that has to wait for a dump: nothing is lost by it, and somebody is told. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { Dump } from '../../../core/config/dump.ts';
import { untilHeld, untilWaiting } from '../support/direct-server.ts';
import { clientAfter } from '../support/worker-clients.ts';
import { query } from '../support/worker-leftovers.ts';
import { fetchEntries, fetchEvidence, fetchObject } from '../support/worker-restore.ts';
import { planFor, type WorkerProcess } from '../support/worker-run.ts';
import {
  expectDumped,
  expectFailed,
  holdHalfWay,
  shareScene,
  startDump,
  type Started,
} from '../support/worker-scene.ts';

const scene = shareScene();

async function start(
  database: string,
  change: Partial<Dump> = {},
  environment: Record<string, string> = {},
): Promise<Started> {
  const plan = await planFor(scene.world, scene.server, { databases: [database] });
  return startDump(scene, { ...plan, dump: { ...plan.dump, ...change } }, environment);
}

/** A session of somebody else, with a transaction that stays open until `COMMIT`. */
async function begin(database: string, sql: string): Promise<Client> {
  const client = new Client({ ...scene.server, database });
  await client.connect();
  await client.query(`BEGIN; ${sql}`);
  return client;
}

/** Returns when the worker's log has such a line. */
async function untilSaid({ child }: WorkerProcess, line: RegExp): Promise<void> {
  let said = '';
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (line.test(said)) resolve();
    });
  });
}

describe('that comes before pg_dump has its locks', () => {
  const REFILL = 'TRUNCATE item; INSERT INTO item SELECT n FROM generate_series(1, 10) n';

  test('goes first, and nothing is lost', async () => {
    // In whatever language the server says that a lock was waited for too long.
    const german = 's/ERROR:.*/FEHLER:  storniere Anfrage wegen Zeitüberschreitung der Anweisung/';
    const HOLDFAST_PG_ROOT = await clientAfter(scene.world.toolchain.pgRoot, 17, 'sleep 2', german);
    const started = await start('small', {}, { HOLDFAST_PG_ROOT });
    await untilHeld(scene.server, 'small', 'item');
    await query(scene.server, 'small', REFILL);
    const { dump } = await expectDumped(scene, started);
    expect(dump.warnings).toEqual([
      expect.stringMatching(
        /^the dump began again: .* behind sessions that wait for this dump: .*TRUNCATE on public\.item$/,
      ),
    ]);
    expect((await fetchEvidence(scene.world, dump)).tables).toEqual([{ schema: 'public', name: 'item', rows: 10 }]);
    expect(await copiedLines(await fetchObject(scene.world, dump, 'archive'))).toBe(10);
    await rm(HOLDFAST_PG_ROOT, { recursive: true });
  });

  test('goes first also where a thousand tables are locked, one of them late', async () => {
    await query(scene.server, 'postgres', 'CREATE DATABASE thousand');
    const create = `EXECUTE format('CREATE TABLE a_table_of_a_thousand_%s AS SELECT 1 AS n', n)`;
    await query(scene.server, 'thousand', `DO $$ BEGIN FOR n IN 1..1000 LOOP ${create}; END LOOP; END $$`);
    const migration = await begin('thousand', 'ALTER TABLE a_table_of_a_thousand_500 ADD COLUMN note text');
    const started = await start('thousand', { jobs: 2 });
    await untilWaiting(scene.server, 'thousand');
    const altered = query(scene.server, 'thousand', 'ALTER TABLE a_table_of_a_thousand_1 ADD COLUMN note text');
    await untilSaid(started.worker, /ALTER TABLE on public\.a_table_of_a_thousand_1"/);
    await migration.query('INSERT INTO a_table_of_a_thousand_500 VALUES (2); COMMIT');
    await migration.end();
    const { dump } = await expectDumped(scene, started);
    await altered;
    expect(dump.warnings).toEqual([
      expect.stringMatching(/^the dump began again: .*ALTER TABLE on public\.a_table_of_a_thousand_1$/),
    ]);
    expect(dump.totals).toMatchObject({ tables: 1000, rows: 1001 });
    const entries = Object.values(await fetchEntries(scene.world, dump)).flat();
    expect(new Set(entries).size).toBe(1000);
    expect(entries).toHaveLength(1000);
  });

  /** Rows of numbers in an archive, by pg_restore. */
  async function copiedLines(archive: Buffer): Promise<number> {
    const restore = promisify(execFile)(`${scene.server.pgBin}/pg_restore`, ['--data-only', '--file=-']);
    restore.child.stdin?.end(archive);
    return (await restore).stdout.split('\n').filter((line) => /^\d+$/.test(line)).length;
  }
});

describe('that comes while the dump waits for a lock itself', () => {
  /** The dump has `ahead` and waits for `item`; somebody waits for `ahead`. */
  async function waitForBoth(change: Partial<Dump>): Promise<Started & { blocker: Client; altered: Promise<unknown> }> {
    await query(scene.server, 'small', 'DROP TABLE IF EXISTS ahead; CREATE TABLE ahead ()');
    const blocker = await begin('small', 'LOCK TABLE item');
    const started = await start('small', change);
    await untilWaiting(scene.server, 'small');
    return { ...started, blocker, altered: query(scene.server, 'small', 'ALTER TABLE ahead ADD COLUMN note text') };
  }

  test('is named at once', async () => {
    const { blocker, altered, ...started } = await waitForBoth({});
    await untilSaid(started.worker, /waits for this dump since .*ALTER TABLE on public\.ahead"/);
    await blocker.end();
    const { dump } = await expectDumped(scene, started);
    await altered;
    expect(dump.warnings).toEqual([expect.stringMatching(/ALTER TABLE on public\.ahead$/)]);
  });

  test('ends the dump where onBlockedDdl is fail', async () => {
    const { blocker, altered, ...started } = await waitForBoth({ onBlockedDdl: 'fail' });
    const message = /: ALTER TABLE on public\.ahead; onBlockedDdl is fail$/;
    await expectFailed(scene, started, 'LockTimeout', message);
    await altered;
    await blocker.end();
  });
});

describe('that comes half-way', () => {
  test('waits, and is named in the warnings', async () => {
    const interrupted = await holdHalfWay(scene);
    const altered = query(scene.server, 'large', "ALTER TABLE noise ADD COLUMN note text DEFAULT 'pass word'");
    await untilSaid(interrupted.worker, /a session waits for this dump/);
    interrupted.release();
    const { output, dump } = await expectDumped(scene, interrupted);
    const warning = /^process \d+ of postgres \(.*\) waits for this dump since .*Z: ALTER TABLE on public\.noise$/;
    expect(dump.warnings).toEqual([expect.stringMatching(warning)]);
    expect(output).not.toContain('pass word');
    await altered;
    await query(scene.server, 'large', 'ALTER TABLE noise DROP COLUMN note');
  });

  test('ends the dump where onBlockedDdl is fail', async () => {
    const { dump } = await planFor(scene.world, scene.server);
    const interrupted = await holdHalfWay(scene, { dump: { ...dump, onBlockedDdl: 'fail' } });
    const truncated = query(scene.server, 'large', 'BEGIN; TRUNCATE noise; ROLLBACK');
    await expectFailed(scene, interrupted, 'LockTimeout', /: TRUNCATE on public\.noise; onBlockedDdl is fail$/);
    await truncated;
  });
});
