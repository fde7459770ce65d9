/** All runs: size after size, and at each size round after round of all ways, so that a slow minute hits all alike. */
import { buildDatabase, DATABASE, type BenchDatabase } from './database/build.ts';
import { contentOf } from './database/content.ts';
import { runRestore } from './measure/run-restore.ts';
import { inFolders, runDump, type Place } from './measure/run-way.ts';
import type { BenchOptions } from './options.ts';
import type { BenchResults, RunRecord } from './results.ts';
import { holdfast } from './ways/holdfast.ts';
import { copyPlain } from './ways/copy-to-nowhere.ts';
import type { RestoreWay, Scene, Way, WayLabel } from './ways/way.ts';
import { DUMP_WAYS, RESTORE_WAYS } from './ways/ways.ts';

type Say = (line: string) => void;

export async function runRounds(
  options: BenchOptions,
  scene: Scene,
  say: Say,
): Promise<Pick<BenchResults, 'databases' | 'leftOut' | 'runs'>> {
  const dumps = chooseWays(options.dumps ? DUMP_WAYS : [], options, scene);
  const restores = chooseWays(options.restores ? RESTORE_WAYS : [], options, scene);
  const databases: BenchDatabase[] = [];
  const runs: RunRecord[] = [];
  for (const sizeMb of options.sizesMb) {
    say(`building a database of ${sizeMb} MB`);
    databases.push(await buildDatabase(scene.server, sizeMb));
    const here = sizeMb === options.sizeMb;
    if (options.dumps) {
      const ways = here ? dumps.ways : [holdfast];
      runs.push(...(await dumpRounds(ways, scene, { sizeMb, rounds: options.rounds, say })));
    }
    if (here) runs.push(...(await restoreRounds(restores.ways, scene, { sizeMb, rounds: options.rounds, say })));
  }
  return { databases, leftOut: [...dumps.leftOut, ...restores.leftOut], runs };
}

interface Rounds {
  readonly sizeMb: number;
  readonly rounds: number;
  readonly say: Say;
}

async function dumpRounds(ways: readonly Way[], scene: Scene, rounds: Rounds): Promise<RunRecord[]> {
  // Untimed, so that what is cached is so for each way alike; the second reads the indexes that count.
  for (const way of [copyPlain, holdfast]) await runDump(way, scene, { sizeMb: rounds.sizeMb, round: 0 });
  return inTurn(ways, rounds, (way, place) => runDump(way, scene, place));
}

async function restoreRounds(ways: readonly RestoreWay[], scene: Scene, rounds: Rounds): Promise<RunRecord[]> {
  const keeping: Scene = { ...scene, sink: scene.store };
  const expected = await contentOf(scene.server, DATABASE);
  const prepared: Way[] = [];
  for (const way of ways) {
    rounds.say(`${rounds.sizeMb} MB, dumping for: ${way.title}`);
    const run = await inFolders(keeping, way.id, (folders) => way.prepare(keeping, folders));
    prepared.push({ ...way, run });
  }
  return inTurn(prepared, rounds, (way, place) => runRestore(way, keeping, place, expected));
}

async function inTurn(
  ways: readonly Way[],
  { sizeMb, rounds, say }: Rounds,
  measure: (way: Way, place: Place) => Promise<RunRecord>,
): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const way of rotate(ways, round - 1)) {
      const run = await measure(way, { sizeMb, round });
      say(`${sizeMb} MB, round ${round}: ${run.wallSeconds.toFixed(2).padStart(6)} s  ${way.title}${problemOf(run)}`);
      runs.push(run);
    }
  }
  return runs;
}

const problemOf = ({ problem }: RunRecord): string => (problem === null ? '' : `: FAILED: ${problem}`);

function chooseWays<Of extends WayLabel>(
  all: readonly Of[],
  options: BenchOptions,
  scene: Scene,
): { ways: Of[]; leftOut: BenchResults['leftOut'] } {
  const reasons = all.map((way) => ({ way, reason: reasonToLeaveOut(way, options, scene) }));
  return {
    ways: reasons.flatMap(({ way, reason }) => (reason === null ? [way] : [])),
    leftOut: reasons.flatMap(({ way, reason }) => (reason === null ? [] : [{ way: way.id, reason }])),
  };
}

function reasonToLeaveOut(way: WayLabel, { rivals }: BenchOptions, scene: Scene): string | null {
  if (way.kind === 'rival' && !rivals) return 'not run at this size without --rivals';
  return way.unavailable?.(scene) ?? null;
}

/** Each round begins with another way: none is always the first. */
function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
