/** A recovery point comes back on every major, on the next one and on the one before, digest for digest. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { contentOf } from '../support/machine-restore.ts';
import type { Difference } from '../../../core/restore-record.ts';
import { planRestore, runRestore, type TestPoint } from '../support/restore-run.ts';
import { dumpDatabase } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';
import { startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

jest.setTimeout(120_000);

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/databases');
/** Hundreds of objects. */
const DATABASE = 'odd "name"';
/** A few of them: all that majors before also know. */
const FEW = 'few';

const keep = stopAfterTests();
let world: WorkerWorld;

beforeAll(async () => {
  world = await keep(startWorkerWorld());
});

describe.each([
  { major: 15, next: 16 },
  { major: 16, next: 17, before: 15 },
  { major: 17, next: 18, before: 16 },
  { major: 18, before: 17 },
] as const)('PostgreSQL $major', ({ major, ...others }) => {
  const keep = stopAfterTests();
  let server: PostgresServer;
  let point: TestPoint;

  beforeAll(async () => {
    server = await keep(startPostgres({ major, password: 'secret' }));
    await query(server, 'postgres', `CREATE DATABASE ${FEW}`);
    await query(server, FEW, await fixture('odd.sql'));
    await query(server, 'postgres', `CREATE DATABASE "odd ""name""" TEMPLATE ${FEW}`);
    for (const name of ['hundreds.sql', 'strange.sql']) await query(server, DATABASE, await fixture(name));
    // One archive, or definitions apart from rows.
    point = await dumpDatabase(world, server, DATABASE, { jobs: major % 2 === 0 ? 1 : 3 });
  });

  test('comes back on the same', async () => {
    await restoredOn(major, point, async (target, differences) => {
      expect(differences).toMatchObject([{ kind: 'recomputed' }]);
      const clientMajor = Math.max(major, 16);
      expect(await contentOf(target, DATABASE, clientMajor)).toEqual(await contentOf(server, DATABASE, clientMajor));
      expect(await databaseItself(target)).toEqual(await databaseItself(server));
    });
  });

  const { next, before } = { next: undefined, before: undefined, ...others };

  if (next !== undefined)
    test(`comes back on ${next}`, async () => {
      await restoredOn(next, point, async (target) => {
        expect(await digestDatabase(target, DATABASE)).toEqual(await digestDatabase(server, DATABASE));
        expect(await databaseItself(target)).toEqual(await databaseItself(server));
      });
    });

  if (before !== undefined)
    test(`comes back on ${before} with what that knows`, async () => {
      await restoredOn(before, await dumpDatabase(world, server, FEW), async (target, differences) => {
        expect(differences).toMatchObject([{ kind: 'server' }, { kind: 'recomputed' }]);
        expect(await digestDatabase(target, FEW)).toEqual(await digestDatabase(server, FEW));
      });
    });
});

const fixture = (name: string): Promise<string> => readFile(path.join(FIXTURES, name), 'utf8');

/** On a server of its own. */
async function restoredOn(
  major: PostgresServer['major'],
  point: TestPoint,
  check: (target: PostgresServer, differences: readonly Difference[]) => Promise<void>,
): Promise<void> {
  const target = await startPostgres({ major, password: 'other' });
  try {
    const { code, output, outcome } = await runRestore(world, await planRestore(world, point, target));
    expect({ code, output, failure: outcome.failure }).toEqual({ code: 0, output, failure: null });
    await check(target, outcome.restored?.differences ?? []);
  } finally {
    await target.stop();
  }
}

/** What pg_dump does not say of it without --create. */
async function databaseItself(server: PostgresServer): Promise<unknown> {
  return query(
    server,
    DATABASE,
    `SELECT datdba::regrole::text AS owner, datconnlimit, shobj_description(d.oid, 'pg_database') AS comment,
            ARRAY(SELECT acl::text FROM unnest(datacl) acl ORDER BY 1) AS acl,
            ARRAY(SELECT concat(setrole::regrole, ' ', one) FROM pg_db_role_setting, unnest(setconfig) one
                   WHERE setdatabase = d.oid ORDER BY 1) AS settings
       FROM pg_database d WHERE datname = current_database()`,
  );
}
