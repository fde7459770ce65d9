/**
 * `npm run bench [-- options]`: dumps and restores the same database in every way that people use and with this worker, in
 * turn, to and from a sink on this machine, and says what each cost. Linux only: it reads /proc.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import { parseOptions, type BenchOptions } from './options.ts';
import { drawPicture } from './report/picture.ts';
import { printResults } from './report/print.ts';
import { sizeSeries } from './report/size-series.ts';
import { failedRuns } from './report/verdicts.ts';
import { writeDocs } from './report/write-docs.ts';
import type { BenchResults } from './results.ts';
import { runRounds } from './run-rounds.ts';
import { describeMachine, describeVersions, serverSettings, withScene } from './scene.ts';

const say = (line: string): void => {
  console.error(line);
};

async function bench(options: BenchOptions): Promise<BenchResults> {
  if (process.platform !== 'linux')
    throw new HoldfastError(
      'InvalidInput',
      `the bench reads /proc, which ${process.platform} does not have: use Linux`,
    );
  const settings = serverSettings(options.walLevel);
  return withScene({ settings, dataMb: dataMbOf(options) }, async (scene) => ({
    at: new Date().toISOString(),
    machine: describeMachine(),
    versions: describeVersions(scene),
    settings,
    dataIsInMemory: scene.dataIsInMemory,
    rounds: options.rounds,
    comparedMb: options.sizeMb,
    ...(await runRounds(options, scene, say)),
  }));
}

/** A restore has beside its source a copy of it, and the archives of all ways; the databases of other sizes are gone then. */
function dataMbOf({ sizesMb, sizeMb, restores }: BenchOptions): number {
  const dumped = sizesMb.reduce((sum, size) => sum + size, 0);
  return restores ? Math.max(dumped, 3 * sizeMb) : dumped;
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  say(`written: ${file}`);
}

const options = parseOptions(process.argv.slice(2));
try {
  const results = await bench(options);
  if (options.json !== undefined) await write(options.json, `${JSON.stringify(results, null, 2)}\n`);
  printResults(results);
  if (options.dumps) await write(options.picture, drawPicture(sizeSeries(results)));
  if (options.writeDocs) await writeDocs(results);
  // A target that was missed is a result; a run of this worker that failed is an error.
  process.exitCode = failedRuns(results.runs) === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  console.error(`holdfast: ${error.message}`);
  process.exitCode = error.exitCode;
}
