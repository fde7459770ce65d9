/** How far the worker is: in bytes that S3 has taken, and in data blocks of the archives that pg_dump writes. */
import type { Progress } from '../core/run-record.ts';

/** The rate is that of the last half a minute: parts are large, and a report comes every ten seconds. */
const RATE_WINDOW_MS = 30_000;
/** Tables compress differently: nothing is foretold from less than this share of what is to be dumped. */
const SHARE_KNOWN_MIN = 0.1;
/** Tables with no more than one of so many parts of all bytes are taken to be as large as one another: there may be very many. */
const LARGE_TABLES_MAX = 1_000;

interface TableName {
  readonly schema: string;
  readonly name: string;
}

interface SizedRelation extends TableName {
  /** r: with rows of its own. */
  readonly kind: 'r' | 'p' | 'S';
  readonly withRows: boolean;
  readonly sizeBytes: number;
}

const keyOf = ({ schema, name }: TableName): string => JSON.stringify([schema, name]);

export interface DatabaseSize {
  /** Gone through more than once. */
  readonly tables: Iterable<SizedRelation>;
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
  /** @param bytes of the archive, since its beginning */
  readonly onMoved: (bytes: number) => void;
  readonly onBlock: (name: string, table: TableName | undefined) => void;
}

/** The archives of one database together. */
class DatabaseMeter {
  readonly #onMoved: () => void;
  readonly #archives: { bytes: number }[] = [];
  readonly #sizes: TableSizes;
  #tablesDone = 0;
  /** Of tables that are done: on the server's disk, and in the archives. */
  #doneBytes = 0;
  #doneArchiveBytes = 0;

  constructor({ tables, otherBytes }: DatabaseSize, onMoved: () => void) {
    this.#sizes = sizesOf(tables, otherBytes);
    this.#onMoved = onMoved;
  }

  archive(): ArchiveMeter {
    const archive = { bytes: 0 };
    let begunAt = 0;
    this.#archives.push(archive);
    return {
      onMoved: (bytes) => {
        archive.bytes = bytes;
        this.#onMoved();
      },
      onBlock: (_name, table) => {
        const { bytes } = archive;
        if (table) {
          this.#tablesDone += 1;
          this.#doneBytes += this.#sizes.large.get(keyOf(table)) ?? this.#sizes.smallBytes;
          this.#doneArchiveBytes += bytes - begunAt;
        }
        begunAt = bytes;
      },
    };
  }

  read(): { readonly tables: Pick<Progress, 'tablesDone' | 'tablesDue'>; readonly bytesLeft: number | undefined } {
    return {
      tables: { tablesDone: this.#tablesDone, tablesDue: this.#sizes.count },
      bytesLeft: this.#bytesLeft(sum(this.#archives.map(({ bytes }) => bytes))),
    };
  }

  /** What is left compresses, by assumption, as what is done did. */
  #bytesLeft(bytes: number): number | undefined {
    const { totalBytes } = this.#sizes;
    if (this.#doneBytes === 0 || this.#doneBytes < SHARE_KNOWN_MIN * totalBytes) return undefined;
    const left = (this.#doneArchiveBytes / this.#doneBytes) * totalBytes - bytes;
    return left < 0 ? undefined : left;
  }
}

interface TableSizes {
  readonly count: number;
  readonly totalBytes: number;
  /** By their quoted names. */
  readonly large: ReadonlyMap<string, number>;
  /** Of each other one, on average. */
  readonly smallBytes: number;
}

function sizesOf(relations: Iterable<SizedRelation>, otherBytes: number): TableSizes {
  let tablesBytes = 0;
  for (const { sizeBytes } of dumped(relations)) tablesBytes += sizeBytes;
  const large = new Map<string, number>();
  const small = { count: 0, bytes: 0 };
  for (const { schema, name, sizeBytes } of dumped(relations)) {
    if (sizeBytes * LARGE_TABLES_MAX > tablesBytes) large.set(keyOf({ schema, name }), sizeBytes);
    else {
      small.count += 1;
      small.bytes += sizeBytes;
    }
  }
  return {
    count: large.size + small.count,
    totalBytes: tablesBytes + otherBytes,
    large,
    smallBytes: small.count === 0 ? 0 : small.bytes / small.count,
  };
}

function* dumped(relations: Iterable<SizedRelation>): Generator<SizedRelation> {
  for (const relation of relations) if (relation.kind === 'r' && relation.withRows) yield relation;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
