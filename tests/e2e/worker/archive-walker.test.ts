/** The walker against archives of every pg_dump: whole ones, and the same with something cut out, turned over or added. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { walkArchive, type ArchiveEnd } from '../../../core/postgres/archive-walker.ts';
import { startPostgres } from '../../../local/postgres.ts';
import { installToolchain } from '../../../local/toolchain.ts';
import { blockEnds, dumpWith, withoutBlock } from '../support/damaged-archives.ts';
import { query } from '../support/worker-leftovers.ts';

/** Its type, its id and the length of its first chunk. */
const BLOCK_START_BYTES = 11;
const WHOLE: ArchiveEnd = { status: 'whole' };
/** Every one of them reads a server of 15, and there is one for each version of the format. */
const MAJORS = [15, 16, 17, 18] as const;
const CONTENT = `
CREATE TABLE item AS SELECT n, repeat('x', n) AS text FROM generate_series(1, 30) n;
CREATE TABLE nothing (n int);
CREATE TABLE "odd.name" AS SELECT 1 AS n;
CREATE SCHEMA "Other";
CREATE TABLE "Other".item AS SELECT md5(n::text) FROM generate_series(1, 10) n;
CREATE MATERIALIZED VIEW newest AS SELECT max(n) FROM item;
SELECT lo_from_bytea(0, ''), lo_from_bytea(4000000000, decode(repeat('00ff', 500), 'hex')), lo_from_bytea(0, 'abc')`;

const dumps = new Map<string, Buffer>();

beforeAll(async () => {
  const { pgRoot } = await installToolchain(() => undefined);
  const server = await startPostgres({ major: 15, password: 'secret' });
  try {
    await query(server, 'postgres', 'CREATE DATABASE empty');
    await query(server, 'postgres', CONTENT);
    for (const [name, major, database, ...args] of wanted()) {
      dumps.set(name, await dumpWith(`${pgRoot}/${major}/bin/pg_dump`, server, [`--dbname=${database}`, ...args]));
    }
  } finally {
    await server.stop();
  }
});

function* wanted(): Generator<[name: string, major: number, database: string, ...args: string[]]> {
  for (const major of MAJORS) {
    yield [`${major}`, major, 'postgres', '--compress=0'];
    yield [`${major} gzip`, major, 'postgres', '--compress=6'];
    yield [`${major} data`, major, 'postgres', '--section=data'];
    yield [`${major} schema`, major, 'postgres', '--section=pre-data', '--section=post-data'];
    yield [`${major} of an empty database`, major, 'empty'];
    yield [`${major} of one table`, major, 'postgres', '--section=data', '--table="Other".*'];
    if (major > 15) yield [`${major} lz4`, major, 'postgres', '--compress=lz4'];
    if (major > 15) yield [`${major} zstd`, major, 'postgres', '--compress=zstd:1'];
  }
}

function turned(bytes: Buffer, at: number, bits: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = bits ^ (bytes[at] ?? 0);
  return copy;
}

function walk(pieces: Iterable<Uint8Array>): ArchiveEnd {
  const walker = walkArchive();
  for (const piece of pieces) walker.take(piece);
  return walker.end();
}

function archive(name: string): Buffer {
  const bytes = dumps.get(name);
  if (!bytes) throw new Error(`no archive ${name}`);
  return bytes;
}

function* split(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = at + size();
    yield bytes.subarray(at, end);
    at = end;
  }
}

test('each archive is whole, in one piece and in any pieces', () => {
  for (const [name, bytes] of dumps) {
    const sizes = [() => bytes.length, () => 1, () => 7, () => 1 + Math.floor(Math.random() * 300)];
    const ends = sizes.map((size) => walk(split(bytes, size)));
    expect({ name, ends }).toEqual({ name, ends: sizes.map(() => WHOLE) });
  }
});

test('blocks are named as they come', () => {
  const names: string[] = [];
  walkArchive((name) => names.push(name)).take(archive('18 data'));
  const tables = ['Other.item', 'public.item', 'public.nothing', 'public.odd.name'];
  expect(names.slice(0, -1)).toEqual(tables.map((table) => `TABLE DATA ${table}`));
  expect(names.at(-1)).toMatch(/^BLOBS /);
});

test.each(MAJORS)('large objects of pg_dump %i are counted, the empty one too', (major) => {
  let count = 0;
  walkArchive((_name, _table, largeObjects) => (count += largeObjects)).take(archive(`${major} data`));
  expect(count).toBe(3);
});

test('blocks are counted as they come', () => {
  const blocks = [...dumps].map(([name, bytes]) => {
    const walker = walkArchive();
    expect(walker.blocksDue).toBeNull();
    walker.take(bytes);
    expect(walker.blocksDone).toBe(walker.blocksDue);
    return [name, walker.blocksDone] as const;
  });
  expect(Object.fromEntries(blocks)).toMatchObject({
    '15': 5,
    '16 zstd': 5,
    '18 data': 5,
    '17 schema': 0,
    '17 of an empty database': 0,
    '18 of one table': 1,
  });
});

describe.each(MAJORS.map(String))('an archive of pg_dump %s', (name) => {
  test('is broken wherever it ends early', () => {
    const bytes = archive(name);
    const ends = blockEnds(bytes);
    const walker = walkArchive();
    const problems: string[] = [];
    for (let length = 0; length < bytes.length; length++) {
      const end = walker.end();
      if (end.status !== 'broken') throw new Error(`${end.status} after ${length} of ${bytes.length} bytes`);
      problems[length] = end.problem;
      walker.take(bytes.subarray(length, length + 1));
    }
    expect(walker.end()).toEqual(WHOLE);
    const betweenBlocks = problems.flatMap((problem, length) => (problem.startsWith('lacks ') ? [length] : []));
    expect(betweenBlocks).toEqual(ends.slice(0, -1));
    expect(problems[6]).toBe('ends inside its header');
    expect(problems[(ends[0] ?? 0) - 1]).toMatch(/^ends inside its table of contents, after (\d+) of \d+ entries$/);
    expect(problems[bytes.length - 1]).toMatch(/^ends inside BLOBS /);
  });

  test('says which data is not there', () => {
    const bytes = archive(name);
    const problems = [0, 1, 2, 3, 4].map((index) => {
      const rest = walk([withoutBlock(bytes, index)]);
      return rest.status === 'broken' ? rest.problem : rest.status;
    });
    const tables = ['Other.item', 'public.item', 'public.nothing', 'public.odd.name'];
    expect(problems.slice(0, -1)).toEqual(tables.map((table) => `lacks TABLE DATA ${table}`));
    expect(problems.at(-1)).toMatch(/^lacks BLOBS (BLOBS|\d+\.\.4000000000)$/);
  });

  test('has nothing after its end, and no block twice', () => {
    const bytes = archive(name);
    const [contents = 0, first = 0] = blockEnds(bytes);
    expect(walk([bytes, Buffer.of(0)])).toEqual({ status: 'broken', problem: 'has bytes after its last data block' });
    const { problem } = { problem: '', ...walk([bytes.subarray(0, first), bytes.subarray(contents)]) };
    expect(problem).toMatch(/^has a data block with the id \d+, for which no entry waits$/);
  });

  test('is broken when a bit of the framing of its first block is turned over', () => {
    const bytes = archive(name);
    const [contents = 0] = blockEnds(bytes);
    for (let at = contents; at < contents + BLOCK_START_BYTES; at++) {
      for (let bit = 0; bit < 8; bit++)
        expect({ at, bit, ...walk([turned(bytes, at, 1 << bit)]) }).not.toMatchObject(WHOLE);
    }
  });

  test('is walked to an end wherever it is damaged, in no more memory', () => {
    // One copy only: what a copy for each byte takes would be measured too.
    const bytes = Buffer.from(archive(name));
    const before = process.memoryUsage.rss();
    for (const [at, byte] of bytes.entries()) {
      bytes[at] = byte ^ 0xff;
      walk([bytes]);
      bytes[at] = byte;
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 ** 2);
  });

  test('of a version to come is not looked at', () => {
    const bytes = turned(archive(name), 6, 0x40);
    const minor = bytes[6] ?? 0;
    expect(walk([bytes.subarray(0, 7), bytes.subarray(7)])).toEqual({
      status: 'unknown-version',
      version: `1.${minor}`,
    });
  });
});

test('a gigabyte with a chunk for each row takes no time to speak of', () => {
  const bytes = archive('16');
  const [contents = 0] = blockEnds(bytes);
  const row = Buffer.alloc(105);
  row.writeInt32LE(100, 1);
  const rows = Buffer.concat(Array<Buffer>(10_000).fill(row));
  const walker = walkArchive();
  walker.take(bytes.subarray(0, contents + BLOCK_START_BYTES - 5));
  const before = process.cpuUsage();
  for (let size = 0; size < 1e9; size += rows.length) for (const piece of split(rows, () => 65_536)) walker.take(piece);
  const { user, system } = process.cpuUsage(before);
  expect(walker.end()).toEqual({ status: 'broken', problem: 'ends inside TABLE DATA Other.item' });
  expect((user + system) / 1e6).toBeLessThan(1);
});
