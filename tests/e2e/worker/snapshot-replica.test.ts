/** A hot standby as the source: what is there is dumped, what is not there is named, and a conflict ends the dump. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import { restoreCommands } from '../../../core/postgres/restore-commands.ts';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { holdSnapshot } from '../../../worker/postgres/snapshot.ts';
import { directServer } from '../support/direct-server.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { fetchEntries, fetchEvidence, onlyDump, paste } from '../support/worker-restore.ts';
import { planFor, runWorker } from '../support/worker-run.ts';
import { BUCKET, startWorkerWorld, type WorkerWorld } from '../support/worker-world.ts';

const PASSWORD = 'secret';

const keep = stopAfterTests();
let world: WorkerWorld;
let primary: PostgresServer;
let replica: PostgresServer;

beforeAll(async () => {
  world = await keep(startWorkerWorld());
  primary = await keep(startPostgres({ major: 17, password: PASSWORD }));
  const settings = { max_standby_streaming_delay: '500ms' };
  replica = await keep(startPostgres({ major: 17, password: PASSWORD, standbyOf: primary, settings }));
  await onBoth('CREATE TABLE item AS SELECT n FROM generate_series(1, 100) n; CREATE SEQUENCE numbers');
  await onBoth("SELECT nextval('numbers'); SELECT lo_from_bytea(4711, 'large')");
});

/** Done on the primary, and replayed on the replica when this returns. */
async function onBoth(sql: string): Promise<void> {
  await query(primary, 'postgres', sql);
  const [written] = await query(primary, 'postgres', 'SELECT pg_current_wal_flush_lsn() AS lsn');
  const replayed = `SELECT WHERE pg_last_wal_replay_lsn() >= '${String(written?.['lsn'])}'`;
  while ((await query(replica, 'postgres', replayed)).length === 0) await sleep(20);
}

test('is dumped whole', async () => {
  const result = await runWorker(world, await planFor(world, replica));
  const dump = onlyDump(result);
  const evidence = await fetchEvidence(world, dump);
  expect(evidence).toMatchObject({ tables: [{ name: 'item', rows: 100 }], largeObjects: { count: 1, sizeBytes: 5 } });
  // A replica sees a sequence ahead by what the primary has logged in advance; behind it would be a fault.
  expect(Number(evidence.sequences[0]?.lastValue)).toBeGreaterThanOrEqual(1);
  const { objects, ...left } = await leftovers(world, result.run, replica);
  expect({ objects: [], ...left }).toEqual(NOTHING);
  expect(objects).toHaveLength(dump.objects.length);
});

test('is dumped by several jobs, and comes back as the primary has it', async () => {
  await onBoth('CREATE TABLE other AS SELECT n, md5(n::text) FROM generate_series(1, 5000) n');
  await onBoth("SELECT setval('numbers', 1)");
  const result = await runWorker(world, await planFor(world, replica, { dump: Dump.parse({ jobs: 2 }) }));
  const dump = onlyDump(result);
  expect(dump.objects.map(({ role }) => role)).toEqual(['schema', 'data', 'data', 'roles', 'evidence']);
  expect(Object.values(await fetchEntries(world, dump)).flat()).toEqual(
    expect.arrayContaining(['TABLE DATA public.item', 'TABLE DATA public.other']),
  );
  const { objects, ...left } = await leftovers(world, result.run, replica);
  expect({ objects: [], ...left }).toEqual(NOTHING);
  expect(objects).toHaveLength(dump.objects.length);
  const target = await startPostgres({ major: 17, password: 'other' });
  try {
    // The database of the dump is there already, and empty.
    const commands = restoreCommands(dump, BUCKET).filter((command) => !command.startsWith('createdb '));
    await paste(world, commands, target, 17);
    expect(await digestDatabase(target, 'postgres')).toEqual(await digestDatabase(primary, 'postgres'));
  } finally {
    await target.stop();
  }
});

test('without the rows of unlogged tables is refused, unless they are not wanted', async () => {
  await onBoth('CREATE UNLOGGED TABLE visits (id serial); INSERT INTO visits DEFAULT VALUES');
  const plan = await planFor(world, replica);
  const refused = await runWorker(world, plan);
  const message =
    'a replica has no rows of what is unlogged: public.visits, public.visits_id_seq: ' +
    'dump from the primary, or leave them out with excludeTableData';
  expect(refused.outcome?.databases).toEqual([
    { status: 'failed', database: 'postgres', failure: { code: 'TableUnreadable', message } },
  ]);
  expect(await leftovers(world, refused.run, replica)).toEqual(NOTHING);
  onlyDump(await runWorker(world, { ...plan, dump: { ...plan.dump, excludeTableData: ['visits*'] } }));
  await onBoth('DROP TABLE visits');
});

test('that takes a lock of the primary from the holder ends the dump', async () => {
  const options = { database: 'postgres', applicationName: 'holdfast test' };
  const holder = await holdSnapshot(directServer(replica), Dump.parse({}), options);
  await onBoth('TRUNCATE item');
  await expect(holder.proveAlive()).rejects.toMatchObject({
    code: 'DumpFailed',
    message: expect.stringMatching(/terminating connection due to conflict with recovery/) as unknown,
  });
  await holder.close();
});
