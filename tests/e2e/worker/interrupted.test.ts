/** Half-way through a dump: what the outside does to the worker, and that nothing of it is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import { activeKey } from '../../../core/keys.ts';
import { untilWaiting } from '../support/direct-server.ts';
import { clientProcessIds, leftovers, NOTHING, query } from '../support/worker-leftovers.ts';
import { fetchEvidence } from '../support/worker-restore.ts';
import { outcomeOf, planFor, type TestRun } from '../support/worker-run.ts';
import {
  expectDumped,
  expectFailed,
  holdHalfWay,
  holdUp,
  shareScene,
  startDump,
  type Interrupted,
} from '../support/worker-scene.ts';
import { TABLE } from '../support/worker-world.ts';

const scene = shareScene();

/** Within which everything has to have ended, and within which the worker renews its claim. */
const END_MS = 10_000;
const BEAT_MS = 10_000;

describe('the worker is told to end', () => {
  test('by SIGTERM', async () => {
    const interrupted = await holdHalfWay(scene);
    const before = await leftovers(scene.world, interrupted.run, scene.server);
    expect(before).toMatchObject({ uploads: [expect.any(String)], objects: [] });
    expect(before.processes).toHaveLength(1);
    // The holder's, the one that looks for blocked sessions, and pg_dump's.
    expect(before.sessions).toHaveLength(3);
    const stoppedAt = Date.now();
    interrupted.worker.child.kill('SIGTERM');
    await expectFailed(scene, interrupted, 'Cancelled', /stopped by SIGTERM/);
    expect(Date.now() - stoppedAt).toBeLessThan(END_MS);
  });

  test('by SIGTERM while it waits for a lock', async () => {
    const blocker = query(scene.server, 'small', 'BEGIN; LOCK TABLE item; SELECT pg_sleep(600)').catch(() => undefined);
    const started = await startDump(scene, 'small');
    await untilWaiting(scene.server, 'small');
    started.worker.child.kill('SIGTERM');
    await expectFailed(scene, started, 'Cancelled', /stopped by SIGTERM/);
    await query(
      scene.server,
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'",
    );
    await blocker;
  });

  test('by its deadline', async () => {
    const deadline = Date.now() + 4_000;
    const interrupted = await holdHalfWay(scene, { deadline: new Date(deadline).toISOString() });
    await expectFailed(scene, interrupted, 'DeadlineExceeded', /not done at its deadline/);
    expect(Date.now() - deadline).toBeLessThan(END_MS);
  });

  test('by a deadline that is over, before anything is started', async () => {
    const plan = await planFor(scene.world, scene.server, {
      databases: ['small'],
      deadline: '2020-01-01T00:00:00.000Z',
    });
    await expectFailed(scene, await startDump(scene, plan), 'DeadlineExceeded', /deadline 2020/);
  });

  test('by a refused renewal half-way', async () => {
    const interrupted = await holdHalfWay(scene);
    await claim(interrupted.run, 'SET #owner = :value', 'arn:aws:states:::another');
    const refusedAt = Date.now();
    await expectFailed(scene, interrupted, 'Cancelled', /was closed, or its source .* is claimed by another/);
    expect(Date.now() - refusedAt).toBeLessThan(BEAT_MS + END_MS);
  });
});

describe('just before the commit', () => {
  const small = async (): Promise<Interrupted> =>
    holdUp(scene, await planFor(scene.world, scene.server, { databases: ['small'] }), 'evidence.json.gz', 0);

  test('a newer attempt has begun', async () => {
    const interrupted = await small();
    await claim(interrupted.run, 'SET attempt = :value', 2);
    interrupted.release();
    await expectFailed(scene, interrupted, 'Cancelled', /is claimed by another/);
  });

  test('the execution was stopped', async () => {
    const interrupted = await small();
    await scene.world.stepFunctions.send(new StopExecutionCommand({ executionArn: interrupted.run.executionArn }));
    interrupted.release();
    await expectFailed(scene, interrupted, 'Cancelled', /has ended before its worker did/);
  });

  test('the run was closed: no outcome is written over it', async () => {
    const interrupted = await small();
    const { run, worker } = interrupted;
    await scene.world.table.send(
      new UpdateCommand({
        TableName: TABLE,
        Key: run.key,
        UpdateExpression: 'SET #status = :aborted',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':aborted': 'aborted' },
      }),
    );
    await claim(run, 'SET #owner = :value', 'arn:aws:states:::another');
    interrupted.release();
    expect((await worker.ended).code).toBe(ERRORS.Cancelled.exit);
    expect(await outcomeOf(scene.world, run)).toBeUndefined();
    expect(await leftovers(scene.world, run, scene.server)).toEqual(NOTHING);
  });

  test('the transaction that held the snapshot was ended', async () => {
    const interrupted = await small();
    await query(scene.server, 'postgres', terminate("state = 'idle in transaction'"));
    interrupted.release();
    await expectFailed(scene, interrupted, 'DumpFailed', /the session that held the snapshot was lost/);
  });
});

describe('the server', () => {
  test('ends the session of pg_dump', async () => {
    const interrupted = await holdHalfWay(scene);
    await query(scene.server, 'postgres', terminate("query LIKE 'COPY%'"));
    interrupted.release();
    await expectFailed(
      scene,
      interrupted,
      'DumpFailed',
      /pg_dump exited with code 1: .*PQget(?:CopyData|Result)\(\) failed/,
    );
  });

  test('ends the session that holds the snapshot', async () => {
    const interrupted = await holdHalfWay(scene);
    expect(await query(scene.server, 'postgres', terminate("state = 'idle in transaction'"))).toHaveLength(1);
    interrupted.release();
    await expectFailed(scene, interrupted, 'DumpFailed', /terminating connection due to administrator command/);
  });

  test('restarts', async () => {
    const interrupted = await holdHalfWay(scene);
    await scene.server.restart();
    interrupted.release();
    await expectFailed(
      scene,
      interrupted,
      'DumpFailed',
      /terminating connection due to administrator command|server closed the connection/,
    );
  });

  test('restarts just before the commit', async () => {
    const plan = await planFor(scene.world, scene.server, { databases: ['small'] });
    const interrupted = await holdUp(scene, plan, 'evidence.json.gz', 0);
    await scene.server.restart();
    interrupted.release();
    await expectFailed(scene, interrupted, 'DumpFailed', /the session that held the snapshot was lost/);
  });

  test('crashes', async () => {
    const interrupted = await holdHalfWay(scene);
    process.kill(scene.server.pid, 'SIGQUIT');
    interrupted.release();
    await interrupted.worker.ended;
    await scene.server.restart();
    await expectFailed(scene, interrupted, 'DumpFailed', /./);
  });

  test('and its timeouts for the role do not end a dump that takes longer', async () => {
    await query(
      scene.server,
      'postgres',
      "CREATE ROLE hurried LOGIN PASSWORD 'secret'; GRANT pg_read_all_data TO hurried",
    );
    for (const name of ['statement', 'idle_in_transaction_session', 'transaction', 'idle_session', 'lock'])
      await query(scene.server, 'postgres', `ALTER ROLE hurried SET ${name}_timeout = '1s'`);
    const { connection } = await planFor(scene.world, { ...scene.server, user: 'hurried' });
    const interrupted = await holdHalfWay(scene, { connection });
    await sleep(2_000);
    interrupted.release();
    const { dump } = await expectDumped(scene, interrupted);
    expect((await fetchEvidence(scene.world, dump)).tables).toMatchObject([{ name: 'noise', rows: 72 }]);
  });
});

test('pg_dump is killed', async () => {
  const interrupted = await holdHalfWay(scene);
  const [pid = 0] = await clientProcessIds(scene.server.port);
  process.kill(pid, 'SIGKILL');
  interrupted.release();
  await expectFailed(scene, interrupted, 'DumpFailed', /pg_dump was ended by SIGKILL/);
});

function claim(run: TestRun, UpdateExpression: string, value: unknown): Promise<unknown> {
  return scene.world.table.send(
    new UpdateCommand({
      TableName: TABLE,
      Key: activeKey(run.source),
      UpdateExpression,
      ...(UpdateExpression.includes('#owner') ? { ExpressionAttributeNames: { '#owner': 'owner' } } : {}),
      ExpressionAttributeValues: { ':value': value },
    }),
  );
}

const terminate = (condition: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'holdfast%' AND ${condition}`;
