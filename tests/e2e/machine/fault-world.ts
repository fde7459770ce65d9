/** The stack that all faults of the machine share: a source for each of them, and the servers that they are about. */
import { startPostgres, type PostgresServer } from '../../../local/postgres.ts';
import { startMachineWorld, type MachineWorld, type SourceConfig } from '../support/machine-world.ts';
import type { Keep } from '../support/stop-after-tests.ts';
import { query } from '../support/worker-leftovers.ts';
import { RESTORE_TARGETS } from './restores.ts';

export interface FaultWorld extends MachineWorld {
  /** PostgreSQL 17 with TLS; its databases are `shop` and `large`. */
  readonly server: PostgresServer;
  /** Only its templates take connections. */
  readonly emptyServer: PostgresServer;
}

/** What URLs, shells, XML, JSON and libpq's connection strings would suffer from. */
const PASSWORD = `p@ss:w/o?r#d%20&"' <$(x)>\\+`;

export async function startFaultWorld(
  keep: Keep,
  sources: Readonly<Record<string, SourceConfig>>,
): Promise<FaultWorld> {
  const [world, server, emptyServer] = await Promise.all([
    keep(startMachineWorld(sources, RESTORE_TARGETS)),
    keep(startPostgres({ major: 17, password: PASSWORD, tls: true })),
    keep(startPostgres({ major: 17, password: PASSWORD, tls: true })),
  ]);
  await fill(server);
  await world.stack.registerDatabase(server, { secret: 'server' });
  await query(emptyServer, 'template1', 'DROP DATABASE postgres');
  return { ...world, server, emptyServer };
}

async function fill(server: PostgresServer): Promise<void> {
  await query(server, 'postgres', 'CREATE DATABASE shop');
  await query(server, 'shop', 'CREATE TABLE item AS SELECT n FROM generate_series(1, 1000) n');
  await query(server, 'shop', 'CREATE TABLE purchase (n serial PRIMARY KEY, at timestamptz DEFAULT now())');
  await query(server, 'postgres', 'CREATE DATABASE open');
  await query(
    server,
    'open',
    'CREATE TABLE note AS SELECT n FROM generate_series(1, 3) n; GRANT SELECT ON note TO PUBLIC',
  );
  await query(server, 'postgres', 'CREATE DATABASE large');
  // Little on disk; more than all buffers of a worker when it is dumped without compression.
  await query(server, 'large', "CREATE TABLE page AS SELECT n, repeat('x', 1048576) FROM generate_series(1, 64) n");
  await query(server, 'postgres', "CREATE ROLE limited LOGIN PASSWORD 'limited'");
}
