/**
 * Restore tests in the image: with a server, a locale and an extension that its build was told to install, and without
 * each of them. The source is a server of the image itself, the only one here that has all three.
 */
import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WORKER_IMAGE } from '../../../local/deploy.ts';
import { prepareDockerEngine, runEngine } from '../../../local/docker-engine.ts';
import { freePort } from '../../../local/free-port.ts';
import type { StackInfo } from '../../../local/stack.ts';
import { query } from '../support/worker-leftovers.ts';
import type { TestServer } from '../support/worker-run.ts';
import { DATABASE, endOf, eventually, manifestOf, register, ROWS, start } from './backups.ts';
import { sourceOf } from './check-backups.ts';

/** Source whose server runs in the image. */
export const IN_THE_IMAGE = 'in-the-image';

const IMAGE = `docker.io/library/${WORKER_IMAGE}`;

/** Debian 12 has this server, and so this extension, in its own repository; PostgreSQL's repository has them too. */
const MAJOR = 15;
const LOCALE = 'de_DE';
const EXTENSION = 'ip4r';

/** The build that has nothing for restore tests. */
export const CLIENTS_ONLY = { HOLDFAST_POSTGRES_SERVERS: '', HOLDFAST_LOCALES: '' };
const WITH_SERVER = {
  HOLDFAST_POSTGRES_SERVERS: String(MAJOR),
  HOLDFAST_LOCALES: LOCALE,
  HOLDFAST_EXTENSION_PACKAGES: `postgresql-${MAJOR}-${EXTENSION}`,
};

/** Files without which the server does not know what they are of; as if it had not been installed. */
const LACKING: readonly (readonly [file: string, cause: RegExp])[] = [
  [`/usr/share/postgresql/${MAJOR}/extension/${EXTENSION}.control`, /lacks extensions: ip4r/],
  ['/usr/lib/locale/locale-archive', /does not know the locale de_DE/],
];

/** @param buildDir what packaging made for the stack; it runs an image without servers until now */
export async function checkRestoreTests(host: string, info: StackInfo, buildDir: string): Promise<void> {
  await checkUntestable(info, sourceOf(17), /no server of PostgreSQL 17: build it with POSTGRES_SERVERS/);
  Object.assign(process.env, WITH_SERVER);
  // The stack's task definition names the image by its tag, so its next container is made of this one.
  await prepareDockerEngine(WORKER_IMAGE, buildDir);
  const server = await startInImage(host);
  try {
    await checkPassed(info, server);
    for (const [file, cause] of LACKING) {
      await prepareDockerEngine(WORKER_IMAGE, buildDir);
      await buildWithout(host, file);
      await checkUntestable(info, IN_THE_IMAGE, cause);
    }
  } finally {
    await server.stop();
  }
}

async function checkPassed(info: StackInfo, server: TestServer): Promise<void> {
  await query(server, 'postgres', `CREATE DATABASE ${DATABASE}`);
  await query(server, DATABASE, `CREATE EXTENSION ${EXTENSION}`);
  await query(
    server,
    DATABASE,
    `CREATE TABLE item AS SELECT n, ('10.0.0.0'::ip4 + n)::ip4r AS address, 'Käse ' || n AS name FROM generate_series(1, ${ROWS}) n`,
  );
  await query(server, DATABASE, 'CREATE INDEX ON item USING gist (address); CREATE INDEX ON item (name)');
  await register(info, IN_THE_IMAGE, server);
  await expectEnd(info, await start(info, 'backup', IN_THE_IMAGE));
  const [dump] = (await manifestOf(info, IN_THE_IMAGE)).dumps;
  assert.match(dump?.client ?? '', /^pg_dump 16\./, 'the server brought a client 15, which cannot compress with zstd');
  assert.equal(dump?.collation, `${LOCALE}.UTF-8`);
  const output: unknown = JSON.parse((await expectEnd(info, await start(info, 'restoreTest', IN_THE_IMAGE))) ?? '');
  console.log(`restore test of PostgreSQL ${MAJOR} with ${LOCALE} and ${EXTENSION}: ${JSON.stringify(output)}`);
}

/** @returns the output of an execution that succeeded */
async function expectEnd(info: StackInfo, executionArn: string): Promise<string | undefined> {
  const { status, error, cause, output } = await endOf(info, executionArn);
  assert.equal(status, 'SUCCEEDED', `${error ?? ''} ${cause ?? ''}`);
  return output;
}

async function checkUntestable(info: StackInfo, source: string, expected: RegExp): Promise<void> {
  const { status, error, cause } = await endOf(info, await start(info, 'restoreTest', source));
  assert.deepEqual([status, error], ['FAILED', 'Untestable'], cause);
  assert.match(cause ?? '', expected);
  console.log(`${source}: Untestable: ${cause ?? ''}`);
}

/** Tags an image that is like the worker's, without one file. */
async function buildWithout(host: string, file: string): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-without-'));
  try {
    const lines = [`FROM ${IMAGE}`, 'USER root', `RUN rm ${file}`, 'USER 65534:65534'];
    await writeFile(path.join(directory, 'Dockerfile'), `${lines.join('\n')}\n`);
    await runEngine(host, ['build', '--tag', IMAGE, directory]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A server in a container of the worker's image, whose cluster has the locale. */
async function startInImage(host: string): Promise<TestServer & { stop(): Promise<void> }> {
  const server = { host: '127.0.0.1', port: await freePort(), user: 'postgres', password: 'p@ss/w:rd?#%' };
  const bin = `/usr/lib/postgresql/${MAJOR}/bin`;
  const script = [
    'cd /tmp',
    'umask 077',
    'printf %s "$SUPERUSER_PASSWORD" > password',
    `${bin}/initdb --pgdata=data --username=postgres --auth=scram-sha-256 --pwfile=password --locale=${LOCALE}.UTF-8`,
    `exec ${bin}/postgres -D data -p ${server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`,
  ].join(' && ');
  const options = ['--detach', '--network', 'host', '--env', `SUPERUSER_PASSWORD=${server.password}`];
  const id = (await runEngine(host, ['run', ...options, '--entrypoint', 'sh', IMAGE, '-c', script])).trim();
  const stop = async (): Promise<void> => {
    await runEngine(host, ['rm', '--force', id]);
  };
  try {
    await eventually('a server in the image', () =>
      query(server, 'postgres', 'SELECT 1').then(
        () => true,
        () => undefined,
      ),
    );
    return { ...server, stop };
  } catch (error) {
    console.error(await runEngine(host, ['logs', id]));
    await stop();
    throw error;
  }
}
