/** The engine as a command starts it on somebody's own machine: the plan on stdin, the target in libpq's environment. */
import { beforeAll, expect, test } from '@jest/globals';
import path from 'node:path';
import { execa } from 'execa';
import type { LocalRestore } from '../../../core/restore-record.ts';
import { RestoreOutcome } from '../../../core/restore-record.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { dumpShop, startShop } from '../support/restore-scene.ts';
import { stopAfterTests } from '../support/stop-after-tests.ts';
import { digestDatabase } from '../support/worker-digest.ts';
import { workerCommand } from '../support/worker-run.ts';
import type { WorkerWorld } from '../support/worker-world.ts';

const WORKER = path.join(import.meta.dirname, '../../../worker/main.ts');

const keep = stopAfterTests();
let world: WorkerWorld;
let server: PostgresServer;

beforeAll(async () => {
  ({ world, source: server } = await startShop(keep));
});

test('a restore beside the original, with no row and no machine', async () => {
  const { ref, dump } = await dumpShop(world, server, 1);
  const plan: LocalRestore = {
    database: 'shop',
    toDatabase: 'shop_again',
    tables: [],
    schemas: [],
    roles: 'create',
    allowNotEmpty: false,
    source: ref.source,
    run: ref.run,
    serverVersion: null,
    dump,
  };
  const { env } = workerCommand(world, { source: ref.source, key: ref, executionArn: '' });
  const { host, port, user, password } = server;
  const target = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGSSLMODE: 'disable' };
  const { stdout } = await execa(process.execPath, [WORKER, 'restore', '--local'], {
    env: { ...env, ...target },
    extendEnv: false,
    input: JSON.stringify(plan),
  });
  const lines = stdout.split('\n').map((line) => JSON.parse(line) as { readonly outcome?: unknown });
  const outcome = RestoreOutcome.parse(lines.at(-1)?.outcome);
  expect(outcome).toMatchObject({ failure: null, targetState: 'complete', target: { database: 'shop_again' } });
  expect(await digestDatabase(server, 'shop_again')).toEqual(await digestDatabase(server, 'shop'));
});
