import { Dump } from '../../../core/config/dump.ts';
import { outcomeOf, planFor, startRun, workerCommand, type TestRun } from '../../e2e/support/worker-run.ts';
import { DATABASE } from '../database/build.ts';
import { runMeasured } from '../measure/run-measured.ts';
import type { Folders, Scene, Way, WayRun } from './way.ts';

/** As it is deployed, with all defaults: exact row counts in the dump's snapshot, jobs auto. */
export const holdfast: Way = {
  id: 'holdfast',
  title: 'holdfast, every row counted',
  kind: 'ours',
  run: (scene, folders) => dumpRun(scene, folders, Dump.parse({})),
};

export const holdfastUncounted: Way = {
  id: 'holdfast-uncounted',
  title: 'holdfast, evidence: none',
  kind: 'ours',
  run: (scene, folders) => dumpRun(scene, folders, Dump.parse({ evidence: 'none' })),
};

async function dumpRun(scene: Scene, folders: Folders, dump: Dump): Promise<WayRun> {
  const run = await startDump(scene, dump);
  const { measured, complaint } = await runWorker(run, scene, folders);
  return { measured, problem: complaint ?? (await dumpProblem(scene, run)) };
}

export async function startDump({ world, server }: Scene, dump: Dump): Promise<TestRun> {
  return startRun(world, await planFor(world, server, { databases: [DATABASE], dump }));
}

/** The bundle that is in the image. Its table, secret and execution are the emulator's; its S3 is the sink. */
export function runWorker(
  run: TestRun,
  { world, sink }: Scene,
  { temporary, reports }: Folders,
): ReturnType<typeof runMeasured> {
  const command = workerCommand(world, run, { AWS_ENDPOINT_URL_S3: sink.endpoint, TMPDIR: temporary });
  return runMeasured({ ...command, reports });
}

/** A dump is good when the worker says so, and S3 holds exactly what it says. */
export async function dumpProblem({ world, sink }: Scene, run: TestRun): Promise<string | null> {
  const outcome = await outcomeOf(world, run);
  const [database] = outcome?.databases ?? [];
  if (database?.status !== 'dumped') return `no dump: ${JSON.stringify(outcome ?? 'no outcome')}`;
  const { objects, openUploads } = await sink.status();
  if (openUploads.length > 0) return `uploads of ${openUploads.join(', ')} were left open`;
  const stored = objects.filter(({ key }) => key.startsWith(`${run.source}/`));
  if (stored.length !== database.objects.length)
    return `${stored.length} objects are in S3, ${database.objects.length} in the outcome`;
  const wrong = database.objects.find(
    ({ key, sizeBytes, checksum }) =>
      !stored.some((one) => one.key === key && one.sizeBytes === sizeBytes && one.crc32 === checksum.value),
  );
  return wrong ? `${wrong.key} is not what the outcome says` : null;
}
