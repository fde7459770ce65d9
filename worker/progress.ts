/** How far the worker is: in bytes that S3 has taken, and in data blocks of the archives that pg_dump writes. */
import type { Progress } from '../core/run-record.ts';

/** The rate is that of the last half a minute: parts are large, and a report comes every ten seconds. */
const RATE_WINDOW_MS = 30_000;
/** Tables compress differently: nothing is foretold from less than this share of what is to be dumped. */
const SHARE_KNOWN_MIN = 0.1;

/** How far an archive is, since its beginning. */
export interface Moved {
  readonly bytes: number;
  readonly blocksDone: number;
  /** Data blocks that its table of contents names; null until that has been read. */
  readonly blocksDue: number | null;
}

export interface DatabaseSize {
  /** How many will be begun. */
  readonly archives: number;
  readonly tables: readonly { readonly schema: string; readonly name: string; readonly sizeBytes: number }[];
  /** Of what is in the archives beside tables: large objects. */
  readonly otherBytes: number;
}

type State = Pick<Progress, 'phase' | 'database' | 'databasesDone' | 'databasesDue'>;

/** Sent with each renewal of the worker's claim. */
export class ProgressMeter {
  #state: State = { phase: 'connecting', database: null, databasesDone: 0, databasesDue: 0 };
  #bytesUploaded = 0;
  #database: DatabaseMeter | undefined;
  readonly #now: () => number;
  /** When reports were made, and what S3 had taken by then. */
  #reports: { readonly atMs: number; readonly bytes: number }[] = [];
  #movedAtMs: number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#movedAtMs = now();
  }

  update(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
  }

  /** S3 has taken a part. */
  addBytes(sizeBytes: number): void {
    this.#bytesUploaded += sizeBytes;
    this.#movedAtMs = this.#now();
  }

  /** Its archives take the place of those of the database before. */
  beginDatabase(size: DatabaseSize): DatabaseMeter {
    this.#movedAtMs = this.#now();
    this.#database = new DatabaseMeter(size, () => {
      this.#movedAtMs = this.#now();
    });
    return this.#database;
  }

  /** Since pg_dump last gave a byte, or S3 took a part. */
  idleMs(): number {
    return this.#now() - this.#movedAtMs;
  }

  read(): Progress {
    const at = new Date(this.#now()).toISOString();
    const bytesPerSecond = this.#rate();
    const { tables, bytesLeft } = this.#database?.read() ?? {};
    return {
      ...this.#state,
      bytesUploaded: this.#bytesUploaded,
      ...tables,
      ...(bytesPerSecond !== undefined && { bytesPerSecond: Math.round(bytesPerSecond) }),
      ...(bytesLeft !== undefined && bytesPerSecond && { secondsLeft: Math.ceil(bytesLeft / bytesPerSecond) }),
      at,
    };
  }

  /** @returns undefined until there is a report to compare with */
  #rate(): number | undefined {
    const now = { atMs: this.#now(), bytes: this.#bytesUploaded };
    const recent = this.#reports.filter(({ atMs }) => now.atMs - atMs <= RATE_WINDOW_MS);
    this.#reports = [...recent, now];
    const [oldest = now] = recent;
    return now.atMs === oldest.atMs ? undefined : (1000 * (now.bytes - oldest.bytes)) / (now.atMs - oldest.atMs);
  }
}

/** What runPgDump tells of one archive. */
export interface ArchiveMeter {
  readonly onMoved: (moved: Moved) => void;
  readonly onBlock: (name: string) => void;
}

const UNMOVED: Moved = { bytes: 0, blocksDone: 0, blocksDue: null };

/** The archives of one database together. */
class DatabaseMeter {
  readonly #size: DatabaseSize;
  readonly #onMoved: () => void;
  readonly #archives: { moved: Moved }[] = [];
  /** Bytes on the server's disk, by the names that the archive's entries have. */
  readonly #tables: ReadonlyMap<string, number>;
  /** Of tables that are done: on the server's disk, and in the archives. */
  #doneBytes = 0;
  #doneArchiveBytes = 0;

  constructor(size: DatabaseSize, onMoved: () => void) {
    this.#size = size;
    this.#onMoved = onMoved;
    this.#tables = new Map(
      size.tables.map(({ schema, name, sizeBytes }) => [`TABLE DATA ${schema}.${name}`, sizeBytes]),
    );
  }

  archive(): ArchiveMeter {
    const archive = { moved: UNMOVED };
    let begunAt = 0;
    this.#archives.push(archive);
    return {
      onMoved: (moved) => {
        archive.moved = moved;
        this.#onMoved();
      },
      onBlock: (name) => {
        const sizeBytes = this.#tables.get(name);
        const { bytes } = archive.moved;
        if (sizeBytes !== undefined) {
          this.#doneBytes += sizeBytes;
          this.#doneArchiveBytes += bytes - begunAt;
        }
        begunAt = bytes;
      },
    };
  }

  read(): { readonly tables: Pick<Progress, 'tablesDone' | 'tablesDue'>; readonly bytesLeft: number | undefined } {
    const moved = this.#archives.map((archive) => archive.moved);
    const due = moved.flatMap(({ blocksDue }) => (blocksDue === null ? [] : [blocksDue]));
    return {
      tables: {
        tablesDone: sum(moved.map(({ blocksDone }) => blocksDone)),
        ...(due.length === this.#size.archives && { tablesDue: sum(due) }),
      },
      bytesLeft: this.#bytesLeft(sum(moved.map(({ bytes }) => bytes))),
    };
  }

  /** What is left compresses, by assumption, as what is done did. */
  #bytesLeft(bytes: number): number | undefined {
    const total = sum([...this.#tables.values()]) + this.#size.otherBytes;
    if (this.#doneBytes === 0 || this.#doneBytes < SHARE_KNOWN_MIN * total) return undefined;
    const left = (this.#doneArchiveBytes / this.#doneBytes) * total - bytes;
    return left < 0 ? undefined : left;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
