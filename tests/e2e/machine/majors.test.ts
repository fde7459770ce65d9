/**
 * The promise: a database that nobody has seen goes through the deployed machine, by nothing but AWS calls, and comes
 * back with an equal content on every major of PostgreSQL: by stock pg_restore, and by the deployed machine on the next one.
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { expectSucceeded } from '../support/machine-expect.ts';
import { clientMajorOf, contentOf, download, runClient } from '../support/machine-restore.ts';
import { endOf, startMachine, startRun } from '../support/machine-run.ts';
import { startMachineWorld, type MachineWorld, type SourceConfig } from '../support/machine-world.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { query } from '../support/worker-leftovers.ts';

jest.setTimeout(240_000);

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/databases');
/** What a password in a URL, a connection string, a shell, XML or JSON would suffer from. */
const PASSWORD = `p@ss:w/o?r#d&=%20+;,!*()[]{}|^~"' <$(x)> \\ \`é`;
const DATABASE = `Odd "db" %2F ../#?&= 'é`;
/** A server of 15 is served by the client of 16, the first that compresses with zstd by itself. */
const MAJORS = [
  { major: 15, clientMajor: 16, next: 16 },
  { major: 16, clientMajor: 16, next: 17 },
  { major: 17, clientMajor: 17, next: 18 },
  { major: 18, clientMajor: 18, next: 18 },
] as const;

const keep = stopAfterTests();
const servers = new Map<number, PostgresServer>();
let world: MachineWorld;
let directory: string;

const sourceOf = (major: number): string => `postgres-${major}`;
const secretOf = (major: number): string => `odd/${major}`;

const CONFIG: SourceConfig = Object.fromEntries(
  MAJORS.map(({ major }) => [
    sourceOf(major),
    {
      rds: { instance: `odd-${major}` },
      connection: { secret: secretOf(major), sslMode: 'require' },
      databases: [DATABASE],
    },
  ]),
);

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'holdfast-majors-'));
  const sql = await Promise.all(['odd.sql', 'hundreds.sql'].map((file) => readFile(path.join(FIXTURES, file), 'utf8')));
  const starting = MAJORS.map(async ({ major }) => {
    const server = await keep(startPostgres({ major, password: PASSWORD, tls: true }));
    servers.set(major, server);
    await query(server, 'postgres', `CREATE DATABASE "${DATABASE.replaceAll('"', '""')}"`);
    for (const statements of sql) await query(server, DATABASE, statements);
  });
  const configured = keep(startMachineWorld(CONFIG as Readonly<Record<string, SourceConfig>>));
  [world] = await Promise.all([configured, ...starting]);
  for (const [major, server] of servers) {
    const rds = { instance: `odd-${major}` };
    await world.stack.registerDatabase(server, { secret: secretOf(major), rds, engineVersion: String(major) });
  }
});

test.concurrent.each(MAJORS)(
  'PostgreSQL $major, by the client of $clientMajor',
  async ({ major, clientMajor, next }) => {
    const server = serverOf(major);
    const run = await startRun(world, { source: sourceOf(major) });
    const manifest = await expectSucceeded(world, run, { servers: [server], databases: [DATABASE] });
    const [dump] = manifest.dumps;
    if (!dump) throw new Error('the manifest has no dump');
    expect(dump.warnings).toEqual([expect.stringMatching(/^unlogged, .*: names\.forgotten, /)]);
    expect(clientMajorOf(dump)).toBe(clientMajor);
    expect(manifest.server?.version).toMatch(new RegExp(`^${major}\\.`));

    const folder = await mkdtemp(path.join(directory, `${major}-`));
    const archive = await download(world, dump, 'archive', folder);
    await runClient(server, clientMajor, 'createdb', ['--template=template0', 'restored']);
    await runClient(server, clientMajor, 'pg_restore', ['--exit-on-error', '--dbname=restored', archive]);
    const restored = await contentOf(server, 'restored', clientMajor);
    expect(Object.keys(restored.rows).length).toBeGreaterThan(200);
    expect(restored).toEqual(await contentOf(server, DATABASE, clientMajor));

    const { host, port } = serverOf(next);
    const to = { secret: secretOf(next), host, port, database: `from ${major}` };
    const restore = await startMachine(world, 'restore', { source: sourceOf(major), to }, sourceOf(major));
    expect(await endOf(world, restore)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await digestDatabase(serverOf(next), to.database)).toEqual(restored.rows);
  },
);

function serverOf(major: number): PostgresServer {
  const server = servers.get(major);
  if (!server) throw new Error(`PostgreSQL ${major} did not start`);
  return server;
}
