/** All runs: size after size, and at each size round after round of all ways, so that a slow minute hits all alike. */
import { buildDatabase, type BenchDatabase } from './database/build.ts';
import { runWay } from './measure/run-way.ts';
import type { BenchOptions } from './options.ts';
import type { BenchResults, RunRecord } from './results.ts';
import { holdfast } from './ways/holdfast.ts';
import { copyPlain } from './ways/copy-to-nowhere.ts';
import type { Scene, Way } from './ways/way.ts';
import { DUMP_WAYS } from './ways/ways.ts';

type Say = (line: string) => void;

export async function runRounds(
  options: BenchOptions,
  scene: Scene,
  say: Say,
): Promise<Pick<BenchResults, 'databases' | 'leftOut' | 'runs'>> {
  const { ways, leftOut } = chooseWays(options, scene);
  const databases: BenchDatabase[] = [];
  const runs: RunRecord[] = [];
  for (const sizeMb of options.sizesMb) {
    say(`building a database of ${sizeMb} MB`);
    databases.push(await buildDatabase(scene.server, sizeMb));
    await warmUp(scene, sizeMb);
    const here = sizeMb === options.sizeMb ? ways : [holdfast];
    for (let round = 1; round <= options.rounds; round++) {
      for (const way of rotate(here, round - 1)) {
        const run = await runWay(way, scene, { sizeMb, round });
        say(`${sizeMb} MB, round ${round}: ${run.wallSeconds.toFixed(2).padStart(6)} s  ${way.title}${problemOf(run)}`);
        runs.push(run);
      }
    }
  }
  return { databases, leftOut, runs };
}

const problemOf = ({ problem }: RunRecord): string => (problem === null ? '' : `: FAILED: ${problem}`);

function chooseWays(options: BenchOptions, scene: Scene): { ways: Way[]; leftOut: BenchResults['leftOut'] } {
  const reasons = DUMP_WAYS.map((way) => ({ way, reason: reasonToLeaveOut(way, options, scene) }));
  return {
    ways: reasons.flatMap(({ way, reason }) => (reason === null ? [way] : [])),
    leftOut: reasons.flatMap(({ way, reason }) => (reason === null ? [] : [{ way: way.id, reason }])),
  };
}

function reasonToLeaveOut(way: Way, { rivals }: BenchOptions, scene: Scene): string | null {
  if (way.kind === 'rival' && !rivals) return 'not run at this size without --rivals';
  return way.unavailable?.(scene) ?? null;
}

/** Untimed, so that every page is in the page cache for each way alike; the second reads the indexes that count. */
async function warmUp(scene: Scene, sizeMb: number): Promise<void> {
  for (const way of [copyPlain, holdfast]) await runWay(way, scene, { sizeMb, round: 0 });
}

/** Each round begins with another way: none is always the first. */
function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
