import { Dump } from '../../../core/config/dump.ts';
import type { Outcome } from '../../../core/run-record.ts';
import { outcomeOf, planFor, startRun, workerCommand } from '../../e2e/support/worker-run.ts';
import { DATABASE } from '../database/build.ts';
import { runMeasured } from '../measure/run-measured.ts';
import type { Folders, Scene, Way, WayRun } from './way.ts';

/** As it is deployed, with all defaults: exact row counts in the dump's snapshot, jobs auto. */
export const holdfast: Way = {
  id: 'holdfast',
  title: 'holdfast, every row counted',
  kind: 'ours',
  run: (scene, folders) => runWorker(scene, folders, Dump.parse({})),
};

export const holdfastUncounted: Way = {
  id: 'holdfast-uncounted',
  title: 'holdfast, evidence: none',
  kind: 'ours',
  run: (scene, folders) => runWorker(scene, folders, Dump.parse({ evidence: 'none' })),
};

/** The bundle that is in the image. Its table, secret and execution are the emulator's; its S3 is the sink. */
async function runWorker(scene: Scene, { temporary, reports }: Folders, dump: Dump): Promise<WayRun> {
  const { world, server, sink } = scene;
  const run = await startRun(world, await planFor(world, server, { databases: [DATABASE], dump }));
  const command = workerCommand(world, run, { AWS_ENDPOINT_URL_S3: sink.endpoint, TMPDIR: temporary });
  const { measured, complaint } = await runMeasured({ ...command, reports });
  return { measured, problem: complaint ?? (await dumpProblem(scene, await outcomeOf(world, run))) };
}

/** A dump is good when the worker says so, and S3 holds exactly what it says. */
async function dumpProblem({ sink }: Scene, outcome: Outcome | undefined): Promise<string | null> {
  const [database] = outcome?.databases ?? [];
  if (database?.status !== 'dumped') return `no dump: ${JSON.stringify(outcome ?? 'no outcome')}`;
  const { objects, openUploads } = await sink.status();
  if (openUploads.length > 0) return `uploads of ${openUploads.join(', ')} were left open`;
  if (objects.length !== database.objects.length)
    return `${objects.length} objects are in S3, ${database.objects.length} in the outcome`;
  const wrong = database.objects.find(
    ({ key, sizeBytes, checksum }) =>
      !objects.some(
        (stored) => stored.key === key && stored.sizeBytes === sizeBytes && stored.crc32 === checksum.value,
      ),
  );
  return wrong ? `${wrong.key} is not what the outcome says` : null;
}
