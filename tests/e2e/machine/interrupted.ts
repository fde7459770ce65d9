/** What the outside does to a run that is half-way. */
import { expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { latestKey } from '../../../core/keys.ts';
import { holdfast } from '../cli/holdfast.ts';
import { expectAnnounced, expectLeft, expectNothing, objectsOf } from '../support/machine-expect.ts';
import { holdBeforeCommit, holdHalfWay, holdRun, type HeldRun } from '../support/machine-hold.ts';
import { leftovers, processesOf, type RunningProcess } from '../support/machine-leftovers.ts';
import { endOf, eventually, findRow, rowOf, rowsOf, startRun, stopRun } from '../support/machine-run.ts';
import { createDatabase } from '../support/worker-leftovers.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import type { FaultWorld } from './fault-world.ts';

/** Uncompressed, a database that is small on disk fills every buffer of the worker. */
const large: SourceConfig = {
  connection: { secret: 'server', sslMode: 'require' },
  databases: ['large'],
  dump: { compression: 'none' },
};
const small: SourceConfig = { connection: { secret: 'server', sslMode: 'require' }, databases: ['shop'] };

export const INTERRUPTED_SOURCES: Readonly<Record<string, SourceConfig>> = {
  'pg-dump-killed': large,
  'worker-killed': large,
  'killed-in-commit': {
    connection: { secret: 'server', sslMode: 'require' },
    databases: ['pair'],
    dump: { jobs: 2 },
  },
  'without-s3': large,
  'stopped-half-way': large,
  'stopped-before-commit': small,
  'stopped-after-commit': small,
};

async function processOf(source: string, role: RunningProcess['role']): Promise<number> {
  const found = (await processesOf(source)).filter((one) => one.role === role);
  expect(found).toHaveLength(1);
  return found[0]?.pid ?? 0;
}

export function testInterrupted(world: () => FaultWorld): void {
  const servers = (): FaultWorld['server'][] => [world().server];

  /** The test can fail only if there is something that could be left. */
  const expectHalfWay = async ({ source, run }: HeldRun): Promise<void> => {
    const found = await leftovers(world(), source, servers());
    expect(found).toMatchObject({ uploads: [expect.stringMatching(/archive\.dump$/)], objects: [], active: run });
    expect(found.processes).toHaveLength(2);
    // The holder, pg_dump, and the watch for who waits behind them.
    expect(found.sessions).toHaveLength(3);
  };

  test.concurrent(
    'S3 is gone half-way and comes back after the run: UploadFailed, the uploads are aborted',
    async () => {
      const run = await holdHalfWay(world(), 'without-s3');
      await expectHalfWay(run);
      world().weather(run.source, async () => {
        const [row] = await rowsOf(world(), run);
        return row?.status === 'running' ? 'cut' : 'forward';
      });
      run.release('cut');
      const cause =
        /^S3 did not take .*archive\.dump: .*; and uploads stay open: .*archive\.dump.*; open uploads could not be aborted: /;
      await expectNothing(world(), run, { code: 'UploadFailed', cause, servers: servers() });
    },
  );

  test.concurrent('pg_dump is killed: DumpFailed', async () => {
    const run = await holdHalfWay(world(), 'pg-dump-killed');
    await expectHalfWay(run);
    process.kill(await processOf(run.source, 'pg_dump'), 'SIGKILL');
    run.release();
    await expectNothing(world(), run, {
      code: 'DumpFailed',
      cause: /^pg_dump was ended by SIGKILL/,
      servers: servers(),
    });
  });

  test.concurrent('the worker is killed: WorkerDied, and CollectDump aborts its upload', async () => {
    const run = await holdHalfWay(world(), 'worker-killed');
    await expectHalfWay(run);
    process.kill(await processOf(run.source, 'worker'), 'SIGKILL');
    run.release('cut');
    await expectNothing(world(), run, {
      code: 'WorkerDied',
      cause: /^the worker left no outcome: exit code 137 \(out of memory, or killed\)/,
      servers: servers(),
    });
  });

  test.concurrent(
    'the worker is killed between the completions of two archives: what is visible is no backup, and retention removes it',
    async () => {
      const source = 'killed-in-commit';
      const { env } = world().stack;
      const tables = ['one', 'two'].map((name) => `CREATE TABLE ${name} AS SELECT n FROM generate_series(1, 100) n`);
      await createDatabase(world().server, 'pair', tables.join(';'));
      const run = await holdRun(world(), { source }, { request: 'complete', ending: '/data-01.dump' });
      process.kill(await processOf(source, 'worker'), 'SIGKILL');
      run.release('cut');
      const objects = ['pair/1/schema.dump'];
      await expectNothing(world(), run, {
        code: 'WorkerDied',
        cause: /^the worker left no outcome: exit code 137/,
        servers: servers(),
        objects,
      });
      expect(await findRow(world(), latestKey(source))).toBeUndefined();
      expect((await holdfast(env, 'verify', '--source', source, '--latest')).code).toBe(
        ERRORS.RecoveryPointNotFound.exit,
      );
      // Nothing is destroyed before its successor exists.
      expect((await holdfast(env, 'prune', source)).code).toBe(0);
      await expectLeft(world(), source, { servers: servers(), objects });
      world().weather(source, () => 'forward');
      const next = await startRun(world(), { source });
      expect(await endOf(world(), next)).toMatchObject({ status: 'SUCCEEDED' });
      expect(await findRow(world(), latestKey(source))).toMatchObject({ run: next.run });
      expect((await holdfast(env, 'prune', source)).stdout).toBe(`${source}: removed 1 point\n`);
      const files = ['data-01.dump', 'data-02.dump', 'evidence.json.gz', 'roles.sql', 'schema.dump'];
      const left = ['manifest.json', ...files.map((file) => `pair/1/${file}`)];
      await expectLeft(world(), source, { servers: servers(), objects: left });
    },
  );

  const expectStopped = async (run: HeldRun, objects: readonly string[] = []): Promise<void> => {
    expect(await endOf(world(), run)).toMatchObject({ status: 'ABORTED' });
    await expectAnnounced(world(), run, 'aborted', 'Cancelled');
    const row = await rowOf(world(), run);
    expect(row).toMatchObject({ status: 'aborted', failure: { code: 'Cancelled' } });
    expect(row).not.toHaveProperty('verdict');
    await expectLeft(world(), run.source, { servers: servers(), objects });
  };

  test.concurrent('StopExecution half-way: the worker ends itself', async () => {
    const run = await holdHalfWay(world(), 'stopped-half-way');
    await expectHalfWay(run);
    await stopRun(world(), run);
    await expectStopped(run);
    run.release('cut');
  });

  test.concurrent('StopExecution just before the commit: nothing becomes visible', async () => {
    const run = await holdBeforeCommit(world(), { source: 'stopped-before-commit' });
    await stopRun(world(), run);
    // The worker may see to its end only when S3 has answered.
    await eventually('the run was closed', async () => (await rowOf(world(), run)).status === 'aborted');
    run.release();
    await expectStopped(run);
  });

  test.concurrent('StopExecution after the commit: no manifest, so the objects are no backup', async () => {
    const run = await holdRun(
      world(),
      { source: 'stopped-after-commit' },
      { request: 'head', ending: '/evidence.json.gz' },
    );
    await stopRun(world(), run);
    await eventually('the run was closed', async () => (await rowOf(world(), run)).status === 'aborted');
    run.release();
    await expectStopped(run, objectsOf(['shop']));
  });
}
