import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseNamePattern } from '../../../../core/postgres/name-pattern.ts';
import {
  dataBytesOf,
  jobsFor,
  jobsMax,
  planArchives,
  type ArchiveNeeds,
  type PlannedArchive,
  type PlannedRelation,
} from '../../../../core/postgres/plan-archives.ts';

const GB = 1_000_000_000;
const ODD = [
  '"',
  '.',
  '$',
  '*',
  '?',
  '[',
  ']',
  '|',
  '(',
  ')',
  '{',
  '}',
  '\\',
  '+',
  '^',
  '\n',
  ' ',
  "'",
  'A',
  'a',
  'ü',
  '🐘',
];

const names = fc.string({ unit: fc.constantFrom(...ODD), minLength: 1, maxLength: 4 });
const relations = fc.uniqueArray(
  fc.record({
    schema: names,
    name: names,
    kind: fc.constantFrom('r', 'r', 'r', 'p', 'S'),
    withRows: fc.constantFrom(true, true, false),
    ofExtension: fc.constantFrom(false, false, false, true),
    sizeBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 50 * GB })),
  }),
  { maxLength: 40, selector: ({ schema, name }) => `${schema}\0${name}` },
);
const needs: fc.Arbitrary<ArchiveNeeds & { relations: readonly PlannedRelation[] }> = fc.record({
  relations,
  largeObjectBytes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 * GB })),
  encoding: fc.constantFrom('UTF8', 'UTF8', 'LATIN1', 'SQL_ASCII'),
  jobs: fc.integer({ min: 1, max: 32 }),
});

describe('planArchives', () => {
  test('puts the rows of each table into exactly one archive, whatever its name', () => {
    fc.assert(
      fc.property(needs, (given) => {
        const withData = planArchives(given).filter(({ role }) => role !== 'schema');
        for (const table of given.relations.filter(({ kind, withRows }) => kind === 'r' && withRows)) {
          expect(withData.filter((archive) => holdsRowsOf(archive, table))).toHaveLength(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is one archive, or a schema and at least two with rows and no more than are wanted', () => {
    fc.assert(
      fc.property(needs, (given) => {
        const roles = planArchives(given).map(({ role }) => role);
        if (roles.length === 1) expect(roles).toEqual(['archive']);
        else {
          expect(roles).toEqual(['schema', ...Array<string>(roles.length - 1).fill('data')]);
          expect(roles.length - 1).toBeGreaterThanOrEqual(2);
          expect(roles.length - 1).toBeLessThanOrEqual(given.jobs);
        }
      }),
    );
  });

  test('names nothing that pg_dump would take in another encoding', () => {
    fc.assert(
      fc.property(needs, (given) => {
        fc.pre(given.encoding !== 'UTF8');
        for (const { selection } of planArchives(given)) expect(selection.join('')).toMatch(/^[\0-\x7f]*$/);
      }),
    );
  });

  test('names no table of an extension', () => {
    fc.assert(
      fc.property(needs, (given) => {
        const named = planArchives({
          ...given,
          relations: given.relations.map((one) => ({ ...one, ofExtension: true })),
        });
        expect(named.map(({ role }) => role)).toEqual(['archive']);
      }),
    );
  });

  test('counts the locks of sequences where their values are dumped', () => {
    const sequence = { ...table('ids', 0), kind: 'S' } as const;
    const relations = [table('a', 10), table('b', 10), sequence, { ...sequence, name: 'left_out', withRows: false }];
    const plan = (jobs: number): number[] =>
      planArchives({ relations, largeObjectBytes: 0, encoding: 'UTF8', jobs }).map(({ lockedTables }) => lockedTables);
    expect(plan(1)).toEqual([3]);
    expect(plan(2)).toEqual([2, 2, 3]);
  });

  test('gives no archive much more than its share, unless it is one table', () => {
    fc.assert(
      fc.property(needs, (any) => {
        fc.pre(any.encoding === 'UTF8');
        const given = { ...any, relations: any.relations.map((one) => ({ ...one, ofExtension: false })) };
        const share = dataBytesOf(given) / given.jobs;
        const largest = Math.max(given.largeObjectBytes, ...given.relations.map(({ sizeBytes }) => sizeBytes));
        for (const archive of planArchives(given).filter(({ role }) => role === 'data')) {
          const tables = given.relations.filter((table) => table.kind === 'r' && table.withRows);
          const held = tables.filter((table) => holdsRowsOf(archive, table));
          const bytes = held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          // The last one may be short of its share by half a table, which the others then have.
          expect(bytes).toBeLessThanOrEqual(share + 1.5 * largest);
        }
      }),
    );
  });

  test('says it in arguments', () => {
    const plan = planArchives({
      relations: [table('a"b', 50), table('large', 100), table('c.d', 40), table('tiny', 1), table('empty', 0)],
      largeObjectBytes: 0,
      encoding: 'UTF8',
      jobs: 3,
    });
    expect(plan).toEqual([
      archive('schema', 'schema.dump', ['--section=pre-data', '--section=post-data'], 5),
      archive('data', 'data-01.dump', ['--section=data', '--table="public"."large"'], 2),
      archive('data', 'data-02.dump', ['--section=data', '--table="public"."a""b"'], 2),
      archive(
        'data',
        'data-03.dump',
        ['--section=data', '--exclude-table-data="public"."large"', '--exclude-table-data="public"."a""b"'],
        5,
      ),
    ]);
  });

  test('gives the last archive to large objects where they are many', () => {
    const plan = planArchives({
      relations: [table('a', 10), table('b', 10)],
      largeObjectBytes: 100,
      encoding: 'UTF8',
      jobs: 2,
    });
    expect(plan.map(({ selection }) => selection.length)).toEqual([2, 3, 3]);
  });

  test.each([
    ['one job', [table('a', 5), table('b', 5)], 1],
    ['one table', [table('a', 5), { ...table('b', 5), withRows: false }, table('c', 0)], 4],
    ['no table', [], 4],
  ])('is one archive for %s', (_why, all, jobs) => {
    expect(planArchives({ relations: all, largeObjectBytes: 0, encoding: 'UTF8', jobs })).toEqual([
      archive('archive', 'archive.dump', [], all.length),
    ]);
  });

  test('names as many of very many tables as a command has room for', () => {
    const length = 'x'.repeat(55);
    const many = Array.from({ length: 100_000 }, (_, index) => table(`${length}${index}`, 8192));
    const plan = planArchives({ relations: many, largeObjectBytes: 0, encoding: 'UTF8', jobs: 4 });
    for (const { selection } of plan) {
      const bytes = selection.map((argument) => Buffer.byteLength(argument));
      expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(600_000);
    }
    expect(plan.at(-1)?.selection.length).toBeGreaterThan(4000);
  });
});

describe('jobsFor', () => {
  test.each([
    [3, 0, 1, 3],
    [1, 100 * GB, 8, 1],
    ['auto', GB - 1, 8, 1],
    ['auto', GB, 1, 2],
    ['auto', GB, 3, 3],
    ['auto', GB, 64, 4],
  ] as const)('%s for %i bytes and %i processors is %i', (jobs, dataBytes, processors, expected) => {
    expect(jobsFor(jobs, dataBytes, processors)).toBe(expected);
  });
});

describe('jobsMax', () => {
  test.each([
    [1, 697],
    [20, 32],
    [50, 11],
    [100, 4],
    [1000, 1],
  ])('of %i databases is %i', (databases, expected) => {
    expect(jobsMax(Array<string>(databases).fill('k'.repeat(140)))).toBe(expected);
  });

  test('is less where the names of databases are long', () => {
    // 31 Cyrillic letters are 62 bytes of a name, and 186 of a key.
    const keys = Array.from({ length: 50 }, (_, n) => `${'s'.repeat(130)}/${'%D0%B0'.repeat(31)}/${n}`);
    const jobs = jobsMax(keys);
    expect(jobs).toBe(6);
    const bytes = keys.reduce((sum, key) => sum + (jobs + 3) * (210 + key.length), 0);
    expect(bytes).toBeLessThan(250_000);
  });
});

function table(name: string, sizeBytes: number): PlannedRelation {
  return { schema: 'public', name, kind: 'r', withRows: true, ofExtension: false, sizeBytes };
}

function archive(role: string, file: string, selection: string[], lockedTables: number) {
  return { role, file, selection, lockedTables };
}

/** As pg_dump decides it. */
function holdsRowsOf({ selection }: PlannedArchive, { schema, name }: PlannedRelation): boolean {
  const matches = (argument: string): boolean => {
    const pattern = parseNamePattern(argument.slice(argument.indexOf('=') + 1));
    return new RegExp(pattern.name, 's').test(name) && new RegExp(pattern.schema ?? '', 's').test(schema);
  };
  const included = selection.filter((argument) => argument.startsWith('--table='));
  const excluded = selection.filter((argument) => argument.startsWith('--exclude-table-data='));
  return included.length > 0 ? included.some(matches) : !excluded.some(matches);
}
