import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  activeKey,
  encodeDatabase,
  latestKey,
  manifestKey,
  objectKey,
  runKey,
  runOfTag,
  runPrefix,
  runTag,
  slotKey,
  snapshotIdentifier,
} from '../../../core/keys.ts';

const RUN = { source: 'orders', run: 'before-4.2', startedAt: '2025-11-21T02:30:11.123Z' };

/** Any name that PostgreSQL gives a database: 1 to 63 bytes of any characters. */
const databases = fc.string({ unit: 'binary', minLength: 1, maxLength: 63 }).filter((name) => !name.includes('\0'));

/** What the configuration accepts as the name of a source. */
const sources = fc.stringMatching(/^[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,5}){0,4}$/);

const times = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2099-12-31T23:59:59Z'),
  noInvalidDate: true,
});

describe('rows', () => {
  it('have the keys that the design names', () => {
    expect(runKey(RUN)).toEqual({ pk: 'SOURCE#orders', sk: 'RUN#2025-11-21T02:30:11.123Z#before-4.2' });
    expect(latestKey('orders')).toEqual({ pk: 'SOURCE#orders', sk: 'LATEST' });
    expect(activeKey('orders')).toEqual({ pk: 'SOURCE#orders', sk: 'ACTIVE' });
    expect(slotKey('orders', '2025-11-21T02:30:00Z')).toEqual({
      pk: 'SOURCE#orders',
      sk: 'SLOT#2025-11-21T02:30:00.000Z',
    });
  });

  it('of a slot are those of its instant, however it was written', () => {
    const written = ['2025-11-21T02:30:00Z', '2025-11-21T02:30:00.000Z', '2025-11-21T03:30:00+01:00'];
    expect(new Set(written.map((time) => slotKey('orders', time).sk)).size).toBe(1);
  });

  it('of the runs of a source sort by their start', () => {
    fc.assert(
      fc.property(times, times, (one, other) => {
        const [first, second] = [one, other].map((time) => runKey({ ...RUN, startedAt: time.toISOString() }).sk);
        expect(Math.sign(one.getTime() - other.getTime())).toBe(compare(first, second));
      }),
    );
  });
});

describe('objects', () => {
  it('lie below source, day and run', () => {
    expect(runPrefix(RUN)).toBe('orders/2025/11/21/before-4.2/');
    expect(manifestKey(RUN)).toBe('orders/2025/11/21/before-4.2/manifest.json');
    expect(objectKey(RUN, 'orders', 1, 'archive.dump')).toBe('orders/2025/11/21/before-4.2/orders/1/archive.dump');
  });

  it('of every database lie two folders below their run, within the 1024 bytes of a key', () => {
    fc.assert(
      fc.property(sources, databases, fc.integer({ min: 1, max: 99 }), (source, database, attempt) => {
        // The longest name of an execution, and the longest database that is still 63 bytes.
        const id = { source, run: 'r'.repeat(80), startedAt: RUN.startedAt };
        const key = objectKey(id, database, attempt, 'evidence.json.gz');
        expect(key.startsWith(runPrefix(id))).toBe(true);
        expect(key.slice(runPrefix(id).length).split('/')).toEqual([
          encodeDatabase(database),
          String(attempt),
          'evidence.json.gz',
        ]);
        if (Buffer.byteLength(database) <= 63) expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
      }),
    );
  });
});

describe('encodeDatabase', () => {
  it.each([
    ['orders', 'orders'],
    ['Größe', 'Gr%C3%B6%C3%9Fe'],
    ['a/b', 'a%2Fb'],
    ['50%', '50%25'],
    ['new\nline', 'new%0Aline'],
    ["it's (a) *test*!", 'it%27s%20%28a%29%20%2Atest%2A%21'],
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['...', '...'],
  ])('%j becomes %j', (database, encoded) => {
    expect(encodeDatabase(database)).toBe(encoded);
  });

  it('is undone by decodeURIComponent, so no two databases share a key', () => {
    fc.assert(
      fc.property(databases, (database) => {
        expect(decodeURIComponent(encodeDatabase(database))).toBe(database);
      }),
    );
  });

  it('gives one segment that no client resolves, of characters that S3 calls safe and the percent sign', () => {
    const tricky = fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', 'a', "'", '*', '~', ' '), minLength: 1 });
    fc.assert(
      fc.property(fc.oneof(databases, tricky), (database) => {
        expect(encodeDatabase(database)).toMatch(/^(?!\.{1,2}$)[\w.~%-]+$/);
      }),
    );
  });
});

/** What Step Functions takes as the name of an execution, with a few letters for all alphabets. */
const executionNames = fc.stringMatching(/^[A-Za-z0-9._+=@!()'éß日-]{1,80}$/);

describe('runTag', () => {
  it.each([
    ['orders-20251121-023011-9f3c', 'orders-20251121-023011-9f3c'],
    ['a.b_c+d=e@f', 'a.b_c+d=e@f'],
    ["it's (a) run!".replaceAll(' ', '-'), 'it:27s-:28a:29-run:21'],
    ['größe', 'größe'],
  ])('%s becomes %s', (run, tag) => {
    expect(runTag(run)).toBe(tag);
  });

  it('is what RDS takes as the value of a tag, and is undone by runOfTag', () => {
    fc.assert(
      fc.property(executionNames, (run) => {
        // The pattern in RDS's API reference.
        expect(runTag(run)).toMatch(/^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u);
        expect(runOfTag(runTag(run))).toBe(run);
      }),
    );
  });

  it('fits into the 256 characters of a tag also where every character of the name is refused', () => {
    expect(runTag('!'.repeat(80)).length).toBeLessThanOrEqual(256);
  });
});

describe('snapshotIdentifier', () => {
  it('is the source and the start in UTC', () => {
    expect(snapshotIdentifier(RUN)).toBe('hf-orders-20251121-023011');
  });

  it('is what RDS allows: letters, digits and single hyphens, a letter first, no hyphen last, at most 255', () => {
    fc.assert(
      fc.property(sources, times, (source, time) => {
        const identifier = snapshotIdentifier({ source, startedAt: time.toISOString() });
        expect(identifier).toMatch(/^[a-z](-?[a-z0-9])*$/);
        expect(identifier.length).toBeLessThanOrEqual(255);
      }),
    );
  });

  it('differs between sources and between seconds', () => {
    fc.assert(
      fc.property(sources, sources, times, times, (source, other, time, later) => {
        const same = source === other && Math.floor(time.getTime() / 1000) === Math.floor(later.getTime() / 1000);
        const one = snapshotIdentifier({ source, startedAt: time.toISOString() });
        const two = snapshotIdentifier({ source: other, startedAt: later.toISOString() });
        expect(one === two).toBe(same);
      }),
    );
  });
});

function compare(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}
