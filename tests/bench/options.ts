/** The command line of `npm run bench`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { WalLevel } from './scene.ts';

export interface BenchOptions {
  /** Of the database at which the ways are compared. */
  readonly sizeMb: number;
  /** At which this worker alone is measured; ascending, with `sizeMb` among them. */
  readonly sizesMb: readonly number[];
  readonly rounds: number;
  readonly dumps: boolean;
  readonly restores: boolean;
  readonly rivals: boolean;
  readonly walLevel: WalLevel;
  readonly json: string | undefined;
  readonly picture: string;
  readonly writeDocs: boolean;
}

const DEFAULT_SIZE_MB = 3300;
const DEFAULT_ROUNDS = 3;
const DEFAULT_PICTURE = '.build/bench/time-by-size.svg';
/** Below it the programs of others spend their time on starting. */
const RIVALS_FROM_MB = 3000;

const PARTS = ['dumps', 'restores'] as const;
const WAL_LEVELS: readonly WalLevel[] = ['minimal', 'replica'];

interface ParsedOptions {
  readonly sizeMb: number;
  readonly sizes?: readonly number[];
  readonly rounds: number;
  readonly only?: (typeof PARTS)[number];
  readonly rivals?: boolean;
  readonly walLevel: WalLevel;
  readonly json?: string;
  readonly picture: string;
  readonly writeDocs: boolean;
}

/** @param args without the program's name. Ends the process with a usage message where they are wrong. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const program = new Command('npm run bench --')
    .description('time the ways of dumping a PostgreSQL database to S3, and of restoring it, side by side')
    .option('--size-mb <n>', 'size of the database at which the ways are compared', wholeNumber, DEFAULT_SIZE_MB)
    .option('--sizes <n,n,…>', 'more sizes for time against size (default: a tenth and a third of it)', wholeNumbers)
    .option('--rounds <n>', 'how often each way runs', wholeNumber, DEFAULT_ROUNDS)
    .addOption(new Option('--only <part>', 'leave the other part out').choices(PARTS))
    .option('--rivals', `run the other ways too (default: from ${RIVALS_FROM_MB} MB on)`)
    .option('--no-rivals', 'leave them out')
    .addOption(
      new Option('--wal-level <level>', 'of the server: restores write less of it with "minimal"')
        .choices(WAL_LEVELS)
        .default('minimal'),
    )
    .option('--json <file>', 'write everything that was measured')
    .option('--picture <file>', 'where time against size is drawn', DEFAULT_PICTURE)
    .option('--write-docs', 'put tables and picture into docs/performance.md', false)
    .parse(args, { from: 'user' });
  const { only, sizes, ...options } = program.opts<ParsedOptions>();
  const dumps = only !== 'restores';
  const others = sizes ?? (dumps ? [10, 3].map((divisor) => Math.ceil(options.sizeMb / divisor)) : []);
  return {
    ...options,
    dumps,
    restores: only !== 'dumps',
    json: options.json,
    sizesMb: [...new Set([...others, options.sizeMb])].sort((a, b) => a - b),
    rivals: options.rivals ?? options.sizeMb >= RIVALS_FROM_MB,
  };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('use a whole number above 0');
}

const wholeNumbers = (text: string): number[] => text.split(',').map(wholeNumber);
