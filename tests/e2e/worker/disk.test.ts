/** A container whose disk is full: what needs it fails by name, and what needs none goes on. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ERRORS } from '../../../core/errors.ts';
import type { DumpPlan } from '../../../core/run-record.ts';
import { peakMebibytes } from '../support/peak-memory.ts';
import { leftovers, NOTHING } from '../support/worker-leftovers.ts';
import { planFor, startRun, workerCommand, type TestRun } from '../support/worker-run.ts';
import { failuresOf, shareScene } from '../support/worker-scene.ts';

const scene = shareScene();
let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(path.join(tmpdir(), 'holdfast-full-'));
});

afterEach(async () => {
  await rm(temporary, { recursive: true });
});

/** No file may have a byte. */
async function runWithoutDisk(
  plan: DumpPlan,
  environment: Record<string, string> = {},
): Promise<{ run: TestRun; code: number | null; peak: number }> {
  const run = await startRun(scene.world, plan);
  const { command, args, env } = workerCommand(scene.world, run, { TMPDIR: temporary, ...environment });
  const child = spawn('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', command, ...args], { env, stdio: 'ignore' });
  const peak = await peakMebibytes(child);
  return { run, code: child.exitCode, peak };
}

test('the certificates that pg_dump is to trust', async () => {
  const plan = await planFor(scene.world, scene.server, { databases: ['small'] });
  const connection: DumpPlan['connection'] = { ...plan.connection, sslMode: 'verify-full' };
  const { run, code } = await runWithoutDisk({ ...plan, connection });
  expect(code).toBe(ERRORS.SourceUnreachable.exit);
  const message = /^the certificates that libpq is to trust could not be written: .*EFBIG/;
  expect(await failuresOf(scene.world, run)).toEqual([
    { code: 'SourceUnreachable', message: expect.stringMatching(message) as unknown },
  ]);
  expect(await leftovers(scene.world, run, scene.server)).toEqual(NOTHING);
  expect(await readdir(temporary)).toEqual([]);
});

test('a dump, which needs none, and of memory what its container is promised', async () => {
  const { run, code, peak } = await runWithoutDisk(await planFor(scene.world, scene.server, { databases: ['large'] }));
  expect(code).toBe(0);
  expect(peak).toBeGreaterThan(50);
  expect(peak).toBeLessThan(128);
  expect((await leftovers(scene.world, run, scene.server)).objects).toHaveLength(3);
});

test('the parts of a dump so large that they are kept in files', async () => {
  const plan = await planFor(scene.world, scene.server, { databases: ['large'] });
  const { run, code } = await runWithoutDisk(plan, { HOLDFAST_PARTS_IN_MEMORY: '1' });
  const message = new RegExp(`^${temporary} has no room for the parts of a dump this large.*raise worker\\.diskGiB`);
  expect(await failuresOf(scene.world, run)).toEqual([
    { code: 'UploadFailed', message: expect.stringMatching(message) as unknown },
  ]);
  expect(code).toBe(ERRORS.UploadFailed.exit);
  expect(await leftovers(scene.world, run, scene.server)).toEqual(NOTHING);
});
