/** One run of one way, with what it cost on all sides. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../../../local/run-command.ts';
import { postgresCommand } from '../database/build.ts';
import type { RunRecord } from '../results.ts';
import type { Folders, Scene, Way } from '../ways/way.ts';
import { serverCpuSeconds } from './server-cpu.ts';
import { watchDisk } from './watch-disk.ts';

export interface Place {
  readonly sizeMb: number;
  readonly round: number;
}

type Run = Omit<RunRecord, 'uploadedBytes' | 'phases'>;

export async function runDump(way: Way, scene: Scene, place: Place): Promise<RunRecord> {
  await scene.sink.reset();
  const run = await runWay(way, scene, place);
  const { objects } = await scene.sink.status();
  return { ...run, uploadedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), phases: null };
}

export async function runWay(way: Way, scene: Scene, place: Place): Promise<Run> {
  return inFolders(scene, way.id, async (folders) => {
    // What an earlier run or the build has left to be written must not fall into this one, by the server or by the system.
    await postgresCommand(scene.server)('psql', ['--no-psqlrc', '--quiet', '--command=CHECKPOINT']);
    await runCommand('sync', []);
    const disk = watchDisk(folders.temporary);
    const sinkBefore = await scene.sink.status();
    const serverBefore = await serverCpuSeconds(scene.server.pid);
    const { measured, problem } = await way.run(scene, folders);
    const serverAfter = await serverCpuSeconds(scene.server.pid);
    const sinkAfter = await scene.sink.status();
    const { exitCode, cpuSeconds, ...rest } = measured;
    return {
      way: way.id,
      ...place,
      problem,
      ...rest,
      clientCpuSeconds: cpuSeconds,
      serverCpuSeconds: serverAfter - serverBefore,
      sinkCpuSeconds: sinkAfter.cpuSeconds - sinkBefore.cpuSeconds,
      tempDiskBytes: await disk.stop(),
    };
  });
}

export async function inFolders<Result>(
  scene: Scene,
  name: string,
  work: (folders: Folders) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(path.join(scene.directory, `${name}-`));
  try {
    const folders = { temporary: path.join(directory, 'temporary'), reports: path.join(directory, 'reports') };
    await Promise.all(Object.values(folders).map((folder) => mkdir(folder)));
    return await work(folders);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
