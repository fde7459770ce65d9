/** One restore, into a database of its own. */
import { quoteIdentifier } from '../../../core/postgres/sql-quote.ts';
import type { PostgresServer } from '../../../local/postgres.ts';
import { query } from '../../e2e/support/worker-leftovers.ts';
import { postgresCommand } from '../database/build.ts';
import { contentOf, differenceOf, type Content } from '../database/content.ts';
import type { RunRecord } from '../results.ts';
import { RESTORED, type Scene, type Way } from '../ways/way.ts';
import { runWay, type Place } from './run-way.ts';
import { logStatements, phasesIn } from './server-log.ts';

/** @param expected what must be in the database then */
export async function runRestore(way: Way, scene: Scene, place: Place, expected: Content): Promise<RunRecord> {
  const { server } = scene;
  const endLog = await logStatements(server);
  const run = await runWay(way, scene, place);
  const phases = phasesIn(await endLog());
  const problem = run.problem ?? differenceOf(await contentOf(server, RESTORED), expected);
  if (problem === null) await emptyRestored(server, `${way.id}-${place.round}`);
  else await postgresCommand(server)('dropdb', ['--if-exists', '--force', RESTORED]);
  return { ...run, problem, uploadedBytes: 0, phases };
}

/**
 * Takes what is large out of the way, and keeps the thousands of small files until the server goes. The system steps over
 * files that were deleted in the last minutes whenever it makes one (ext4's recently_deleted): after a DROP DATABASE the
 * next restore took several times as long for its tables, whatever way it was.
 */
async function emptyRestored(server: PostgresServer, name: string): Promise<void> {
  const tables = (await query(server, RESTORED, LARGE_TABLES_SQL)) as { name: string }[];
  await query(server, RESTORED, tables.map((table) => `DROP TABLE ${quoteIdentifier(table.name)}`).join('; '));
  await query(server, 'postgres', `ALTER DATABASE ${RESTORED} RENAME TO ${quoteIdentifier(name)}`);
}

const LARGE_TABLES_SQL = `
SELECT relname AS name FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_total_relation_size(oid) > 1024 ^ 2`;
