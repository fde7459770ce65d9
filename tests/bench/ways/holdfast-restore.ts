import { Dump } from '../../../core/config/dump.ts';
import { HoldfastError } from '../../../core/errors.ts';
import { RestoreOutcome } from '../../../core/restore-record.ts';
import {
  planRestore,
  recordPoint,
  startRestore,
  storedOutcome,
  type TestPoint,
} from '../../e2e/support/restore-run.ts';
import { outcomeOf } from '../../e2e/support/worker-run.ts';
import { dumpProblem, runWorker, startDump } from './holdfast.ts';
import { RESTORED, type Folders, type RestoreWay, type Scene, type WayRun } from './way.ts';

/** As it is deployed, with all defaults: every byte checked, every row counted, statistics collected. */
export const holdfastRestore: RestoreWay = {
  id: 'holdfast-restore',
  title: 'holdfast, of its own dump',
  kind: 'ours',
  prepare: async (scene, folders) => {
    const point = await dumpPoint(scene, folders);
    return (scene, folders) => restoreRun(point, scene, folders);
  },
};

async function dumpPoint(scene: Scene, folders: Folders): Promise<TestPoint> {
  const { world } = scene;
  const run = await startDump(scene, Dump.parse({}));
  const { complaint } = await runWorker(run, scene, folders);
  const problem = complaint ?? (await dumpProblem(scene, run));
  if (problem !== null) throw new HoldfastError('UnexpectedError', `holdfast dumped nothing to restore: ${problem}`);
  return recordPoint(world, { code: 0, output: '', outcome: await outcomeOf(world, run), run });
}

async function restoreRun(point: TestPoint, scene: Scene, folders: Folders): Promise<WayRun> {
  const { world, server } = scene;
  const run = await startRestore(world, await planRestore(world, point, server, { toDatabase: RESTORED }));
  const { measured, complaint } = await runWorker(run, scene, folders);
  if (complaint !== null) return { measured, problem: complaint };
  const { failure, restored } = RestoreOutcome.parse(await storedOutcome(world, run, ''));
  const good = failure === null && restored?.compared;
  return { measured, problem: good ? null : `not restored: ${JSON.stringify({ failure, restored })}` };
}
