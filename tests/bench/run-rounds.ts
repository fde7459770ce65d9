/** All runs: round after round of all ways, and of this worker at all sizes, so that a slow minute hits all alike. */
import { DATABASE, type BenchDatabase } from './database/build.ts';
import { contentOf } from './database/content.ts';
import { SizedDatabases } from './database/sized-databases.ts';
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
  const sized = new SizedDatabases(scene.server);
  const databases: BenchDatabase[] = [];
  for (const sizeMb of options.sizesMb) {
    say(`building a database of ${sizeMb} MB`);
    databases.push(await sized.build(sizeMb));
  }
  const { sizeMb, rounds } = options;
  const runs: RunRecord[] = [];
  if (options.dumps) runs.push(...(await dumpRounds(dumps.ways, scene, sized, options, say)));
  await sized.use(sizeMb);
  // Room for what is restored. On a disk it is not needed, and files that were just deleted slow down who makes others.
  if (scene.dataIsInMemory) await sized.dropOthers();
  runs.push(...(await restoreRounds(restores.ways, scene, { sizeMb, rounds, say })));
  return { databases, leftOut: [...dumps.leftOut, ...restores.leftOut], runs };
}

interface Rounds {
  readonly sizeMb: number;
  readonly rounds: number;
  readonly say: Say;
}

async function dumpRounds(
  ways: readonly Way[],
  scene: Scene,
  sized: SizedDatabases,
  { sizeMb, sizesMb, rounds }: BenchOptions,
  say: Say,
): Promise<RunRecord[]> {
  const others = sizesMb.filter((size) => size !== sizeMb);
  const jobs = [...ways.map((way) => ({ way, sizeMb })), ...others.map((size) => ({ way: holdfast, sizeMb: size }))];
  const dump = async (way: Way, place: Place): Promise<RunRecord> => {
    await sized.use(place.sizeMb);
    return runDump(way, scene, place);
  };
  // Untimed, so that what is cached is so for each way alike; holdfast reads the indexes that count.
  await dump(copyPlain, { sizeMb, round: 0 });
  for (const size of sizesMb) await dump(holdfast, { sizeMb: size, round: 0 });
  return inTurn(jobs, { rounds, say }, dump);
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
  const jobs = prepared.map((way) => ({ way, sizeMb: rounds.sizeMb }));
  return inTurn(jobs, rounds, (way, place) => runRestore(way, keeping, place, expected));
}

async function inTurn(
  jobs: readonly { readonly way: Way; readonly sizeMb: number }[],
  { rounds, say }: Pick<Rounds, 'rounds' | 'say'>,
  measure: (way: Way, place: Place) => Promise<RunRecord>,
): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const { way, sizeMb } of rotate(jobs, round - 1)) {
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
