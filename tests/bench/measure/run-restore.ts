/** One restore, into a database that is gone afterwards. */
import { postgresCommand } from '../database/build.ts';
import { contentOf, differenceOf, type Content } from '../database/content.ts';
import type { RunRecord } from '../results.ts';
import { RESTORED, type Scene, type Way } from '../ways/way.ts';
import { runWay, type Place } from './run-way.ts';
import { logStatements, phasesIn } from './server-log.ts';

/** @param expected what must be in the database then */
export async function runRestore(way: Way, scene: Scene, place: Place, expected: Content): Promise<RunRecord> {
  const endLog = await logStatements(scene.server);
  try {
    const run = await runWay(way, scene, place);
    const phases = phasesIn(await endLog());
    const problem = run.problem ?? differenceOf(await contentOf(scene.server, RESTORED), expected);
    return { ...run, problem, uploadedBytes: 0, phases };
  } finally {
    await postgresCommand(scene.server)('dropdb', ['--if-exists', '--force', RESTORED]);
  }
}
