/**
 * The worker is killed, in each of its phases. It leaves no outcome, so its run has failed; what it leaves in S3 is no
 * backup, because there is no manifest. CollectDump aborts its uploads, retention removes its objects.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Dump } from '../../../core/config/dump.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { untilWaiting } from '../support/direct-server.ts';
import { leftovers, query, type Leftovers } from '../support/worker-leftovers.ts';
import { outcomeOf, planFor } from '../support/worker-run.ts';
import { holdUp, shareScene, startDump, type Started } from '../support/worker-scene.ts';
import { startTcpProxy } from '../support/worker-tcp-proxy.ts';

const scene = shareScene();

beforeAll(async () => {
  await query(scene.server, 'postgres', 'CREATE DATABASE pair');
  // Little on disk; each more than all buffers of a worker when it is dumped without compression.
  const create = ['one', 'two'].map(
    (name) => `CREATE TABLE ${name} AS SELECT n, repeat('x', 1048576) FROM generate_series(1, 32) n`,
  );
  await query(scene.server, 'pair', create.join(';'));
});

/** What S3 has once the worker is gone with all that it started: names without their folders. */
async function kill({ run, worker }: Started): Promise<Pick<Leftovers, 'objects' | 'uploads'>> {
  worker.child.kill('SIGKILL');
  await worker.ended;
  let left = await leftovers(scene.world, run, scene.server);
  while (left.processes.length + left.sessions.length > 0) {
    await sleep(50);
    left = await leftovers(scene.world, run, scene.server);
  }
  expect(await outcomeOf(scene.world, run)).toBeUndefined();
  const names = (keys: readonly string[]): string[] => keys.map((key) => key.split('/').at(-1) ?? '').sort();
  return { objects: names(left.objects), uploads: names(left.uploads) };
}

test('while it connects', async () => {
  const way = await startTcpProxy(scene.server.port);
  way.freeze();
  const started = await startDump({ ...scene, server: { ...scene.server, port: way.port } }, 'small');
  await way.connected();
  expect(await kill(started)).toEqual({ objects: [], uploads: [] });
  await way.close();
});

test('while it waits for a lock', async () => {
  const other = new Client({ ...scene.server, database: 'pair' });
  await other.connect();
  await other.query('BEGIN; LOCK TABLE one');
  const started = await startDump(scene, 'pair');
  await untilWaiting(scene.server, 'pair');
  expect(await kill(started)).toEqual({ objects: [], uploads: [] });
  await other.end();
});

describe.each([
  { jobs: 1, archives: ['archive.dump'] },
  { jobs: 2, archives: ['schema.dump', 'data-01.dump', 'data-02.dump'] },
])('with $jobs jobs', ({ jobs, archives }) => {
  const all = [...archives, 'roles.sql', 'evidence.json.gz'];
  const sorted = (names: readonly string[]): string[] => [...names].sort();
  const plan = async (): Promise<DumpPlan> => {
    const dump = Dump.parse({ jobs, compression: 'none' });
    return planFor(scene.world, scene.server, { databases: ['pair'], dump });
  };

  test('while archives are written', async () => {
    const interrupted = await holdUp(scene, await plan(), '.dump', 1);
    const { processes } = await leftovers(scene.world, interrupted.run, scene.server);
    expect(processes).toHaveLength(jobs);
    expect(await kill(interrupted)).toEqual({ objects: [], uploads: sorted(archives) });
  });

  test.each(all.map((_, count) => count))('after %i of its objects became visible', async (count) => {
    const interrupted = await holdUp(scene, await plan(), all[count] ?? '', 0, 'complete');
    expect(await kill(interrupted)).toEqual({
      objects: sorted(all.slice(0, count)),
      uploads: sorted(all.slice(count)),
    });
  });

  test('after all of them did, before it said so', async () => {
    scene.proxy.treat = (request, key) =>
      request === 'complete' && key.endsWith('evidence.json.gz') ? 'keep-answer' : 'forward';
    const started = await startDump(scene, await plan());
    while ((await leftovers(scene.world, started.run, undefined)).objects.length < all.length) await sleep(50);
    expect(await kill(started)).toEqual({ objects: sorted(all), uploads: [] });
  });
});
