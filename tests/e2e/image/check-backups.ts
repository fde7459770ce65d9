/** What the built image must do in the deployed machine. */
import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ERRORS } from '../../../core/errors.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { runCommand } from '../../../local/run-command.ts';
import type { StackInfo } from '../../../local/stack.ts';
import type { PostgresMajor } from '../../../local/toolchain/postgres.ts';
import { query } from '../support/worker-leftovers.ts';
import {
  archiveOf,
  DATABASE,
  endOf,
  eventually,
  holdUp,
  leftoversOf,
  manifestOf,
  register,
  ROWS,
  someoneWaits,
  start,
  startServer,
  stopBackup,
} from './backups.ts';
import { containersOf, stopContainer } from './containers.ts';

/** Which client serves which server: a 15 is dumped by 16, since older clients cannot compress with zstd. */
const CLIENTS: readonly (readonly [server: PostgresMajor, client: number])[] = [
  [15, 16],
  [16, 16],
  [17, 17],
  [18, 18],
];
const STOPPED_EXECUTION = 'stopped-execution';
const STOPPED_CONTAINER = 'stopped-container';
const ENDED_STACK = 'ended-stack';

export const sourceOf = (major: PostgresMajor): string => `pg${major}`;

/** Every source that the stack's configuration must have. */
export const SOURCES = [
  ...CLIENTS.map(([major]) => sourceOf(major)),
  STOPPED_EXECUTION,
  STOPPED_CONTAINER,
  ENDED_STACK,
];

export async function checkBackups(host: string, info: StackInfo): Promise<void> {
  for (const [major, client] of CLIENTS) {
    const server = await startServer(major);
    try {
      await checkGoodBackup(info, server, client);
      if (major === 17) await checkStops(host, info, server);
    } finally {
      await server.stop();
    }
  }
  const codes = (await containersOf(host, info)).map(({ exitCode }) => exitCode).sort();
  assert.deepEqual(codes, [0, 0, 0, 0, ERRORS.Cancelled.exit, ERRORS.Cancelled.exit], 'exit codes of the containers');
}

/** @param endStack called while a container runs, which must go with it */
export async function checkEndOfStack(host: string, info: StackInfo, endStack: () => Promise<unknown>): Promise<void> {
  const server = await startServer(17);
  try {
    await register(info, ENDED_STACK, server);
    await holdUp(server, async () => {
      await start(info, 'backup', ENDED_STACK);
      await someoneWaits(server);
      await endStack();
      assert.deepEqual(await containersOf(host, info), [], 'containers that the stack left');
    });
    console.log('the stack was ended and left no container');
  } finally {
    await server.stop();
  }
}

async function checkGoodBackup(info: StackInfo, server: PostgresServer, client: number): Promise<void> {
  const source = sourceOf(server.major);
  await register(info, source, server);
  const startedAt = performance.now();
  const { status, error, cause } = await endOf(info, await start(info, 'backup', source));
  assert.equal(status, 'SUCCEEDED', `${source}: ${error ?? ''} ${cause ?? ''}`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const manifest = await manifestOf(info, source);
  assert.equal(manifest.verdict, 'verified');
  const [dump] = manifest.dumps;
  assert.match(dump?.client ?? '', new RegExp(`^pg_dump ${client}\\.`));
  assert.equal(await restoredRows(server, await archiveOf(info, manifest)), ROWS);
  console.log(`server ${manifest.server?.version ?? '?'}, ${dump?.client ?? '?'}: SUCCEEDED in ${seconds} s, restored`);
}

/** By the stock pg_restore of the server's own major, or of the client's. */
async function restoredRows(server: PostgresServer, archive: Uint8Array): Promise<number> {
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-restore-'));
  try {
    const file = path.join(directory, 'archive');
    await writeFile(file, archive);
    await query(server, 'postgres', 'CREATE DATABASE restored');
    const { host, port, user, password } = server;
    const clients = path.join(server.pgBin, '../..', String(Math.max(16, server.major)), 'bin');
    await runCommand(path.join(clients, 'pg_restore'), ['--exit-on-error', '--dbname=restored', file], {
      env: { PATH: process.env['PATH'], PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password },
    });
    const [row] = await query(server, 'restored', 'SELECT count(*)::int AS rows FROM item');
    return Number(row?.['rows']);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checkStops(host: string, info: StackInfo, server: PostgresServer): Promise<void> {
  await checkStop(host, info, server, STOPPED_EXECUTION, async (executionArn) => {
    await stopBackup(info, executionArn);
    return 'ABORTED';
  });
  await checkStop(host, info, server, STOPPED_CONTAINER, async () => {
    const running = (await containersOf(host, info)).filter((container) => container.running);
    for (const { id } of running) await stopContainer(host, id);
    return 'FAILED';
  });
}

/** Half-way through a dump, which waits for a lock that is held until the worker has ended. */
async function checkStop(
  host: string,
  info: StackInfo,
  server: PostgresServer,
  source: string,
  stop: (executionArn: string) => Promise<'ABORTED' | 'FAILED'>,
): Promise<void> {
  await register(info, source, server);
  await holdUp(server, async () => {
    const executionArn = await start(info, 'backup', source);
    await someoneWaits(server);
    const stoppedAt = performance.now();
    const expected = await stop(executionArn);
    await eventually('the end of the container', async () =>
      (await containersOf(host, info)).some(({ running }) => running) ? undefined : true,
    );
    const seconds = ((performance.now() - stoppedAt) / 1000).toFixed(1);
    const { status, error } = await endOf(info, executionArn);
    assert.equal(status, expected);
    if (status === 'FAILED') assert.equal(error, 'Cancelled');
    console.log(`${source}: ${status}, the container ended in ${seconds} s`);
  });
  assert.deepEqual(await leftoversOf(info, source, server), []);
  assert.equal((await query(server, DATABASE, 'SELECT FROM item')).length, ROWS);
}
