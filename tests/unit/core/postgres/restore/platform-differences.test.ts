/** What a role without superuser may not restore. That PostgreSQL refuses just this: tests/e2e/restore/rds-role.test.ts. */
import { describe, expect, test } from '@jest/globals';
import { readArchiveToc, withEdits, type TocEntry } from '../../../../../core/postgres/restore/archive-toc.ts';
import { adaptToPlatform, type Adapted } from '../../../../../core/postgres/restore/platform-differences.ts';
import type { Rights } from '../../../../../core/postgres/restore/rights.ts';
import { headOf, type SampleEntry } from '../archive-samples.ts';

const MASTER: Rights = {
  superuser: false,
  rdsSuperuser: false,
  ownsPublic: true,
  owners: new Set(['master', 'app']),
  closedWrappers: new Set(['closed', 'Odd "one"']),
  tablespaces: new Set(['fast']),
  major: 17,
};
const SUPERUSER: Rights = { ...MASTER, superuser: true };

function entriesOf(samples: readonly SampleEntry[]): readonly TocEntry[] {
  return readArchiveToc(headOf(samples))?.entries ?? [];
}

function adapt(samples: readonly SampleEntry[], rights = MASTER): Adapted {
  return adaptToPlatform(entriesOf(samples), rights);
}

/** The only entry, as pg_restore reads it. */
function restored(sample: SampleEntry, rights = MASTER): TocEntry | undefined {
  return readArchiveToc(withEdits(headOf([sample]), adapt([sample], rights).edits))?.entries[0];
}

const fn = (definition: string, tag = 'f()'): SampleEntry => ({
  id: 1,
  kind: 'FUNCTION',
  schema: 'public',
  tag,
  definition,
});
const sql = (attributes: string): string =>
  `CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE ${attributes}\n    AS $$SELECT 1$$;\n`;

describe('left out', () => {
  test.each<[string, Partial<SampleEntry>]>([
    ['COMMENT', { tag: 'EXTENSION hstore' }],
    ['EVENT TRIGGER', { tag: 'watch' }],
    ['PUBLICATION', { tag: 'p', definition: "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert');\n" }],
    ['PUBLICATION TABLES IN SCHEMA', {}],
    ['SUBSCRIPTION', { definition: "CREATE SUBSCRIPTION s CONNECTION '…' PUBLICATION p;\n" }],
    ['FOREIGN DATA WRAPPER', { tag: 'w' }],
    ['SERVER', { tag: 's', definition: 'CREATE SERVER s FOREIGN DATA WRAPPER closed;\n' }],
    ['SERVER', { tag: 's', definition: 'CREATE SERVER s FOREIGN DATA WRAPPER "Odd ""one""" OPTIONS (\n);\n' }],
    ['PROCEDURAL LANGUAGE', {}],
    ['TRANSFORM', {}],
    ['ACCESS METHOD', {}],
    ['OPERATOR CLASS', {}],
    ['OPERATOR FAMILY', {}],
    ['TEXT SEARCH TEMPLATE', {}],
    ['TEXT SEARCH PARSER', {}],
    ['FUNCTION', { definition: sql('c STRICT') }],
    ['FUNCTION', { definition: sql('internal') }],
    ['AGGREGATE', { definition: 'CREATE AGGREGATE public.a(integer) (\n    SFUNC = f,\n    STYPE = internal\n);\n' }],
    [
      'AGGREGATE',
      { definition: 'CREATE AGGREGATE public.a(integer) (\n    STYPE = int,\n    MSTYPE = internal\n);\n' },
    ],
    ['SHELL TYPE', {}],
    ['TYPE', { definition: 'CREATE TYPE public."Shell AS";\n' }],
    ['TYPE', { definition: 'CREATE TYPE public.base (\n    INTERNALLENGTH = 4,\n    INPUT = i\n);\n' }],
    ['CAST', { definition: 'CREATE CAST (a AS b) WITHOUT FUNCTION AS IMPLICIT;\n' }],
    ['DEFAULT ACL', { owner: 'somebody' }],
    ['ACL', { tag: 'FUNCTION similarity(text, text)', schema: 'public' }],
  ])('%s %j', (kind, sample) => {
    const entry = { id: 1, kind, ...sample };
    const { entries, differences } = adapt([entry]);
    expect(entries).toEqual([]);
    expect(differences).toMatchObject([{ kind: 'left out' }]);
    expect(adapt([entry], SUPERUSER)).toMatchObject({ entries: [{ kind }], differences: [] });
  });

  test('what says something about it goes with it, and what it carries', () => {
    const samples = [
      { id: 1, kind: 'FOREIGN DATA WRAPPER', tag: 'w' },
      { id: 2, kind: 'SERVER', tag: 's', definition: 'CREATE SERVER s FOREIGN DATA WRAPPER w;\n', needs: [1] },
      { id: 3, kind: 'USER MAPPING', tag: 'USER MAPPING app SERVER s' },
      { id: 4, kind: 'FOREIGN TABLE', tag: 't', schema: 'public', needs: [2] },
      { id: 5, kind: 'TABLE ATTACH', tag: 't', schema: 'public', needs: [4] },
      { id: 6, kind: 'COMMENT', tag: 'FOREIGN TABLE t', schema: 'public', needs: [4] },
      { id: 7, kind: 'TRIGGER', tag: 't tr', schema: 'public', needs: [4], section: 4 },
    ];
    expect(adapt(samples)).toMatchObject({ entries: [], differences: samples.map(() => ({ kind: 'left out' })) });
  });

  test('what is made of it is not: that fails by its own name', () => {
    const { entries } = adapt([
      { id: 1, kind: 'FOREIGN DATA WRAPPER', tag: 'w' },
      { id: 2, kind: 'SERVER', tag: 's', definition: 'CREATE SERVER s FOREIGN DATA WRAPPER w;\n', needs: [1] },
      { id: 3, kind: 'FOREIGN TABLE', tag: 't', schema: 'public', needs: [2] },
      { id: 4, kind: 'VIEW', tag: 'v', schema: 'public', needs: [3] },
    ]);
    expect(entries).toMatchObject([{ kind: 'VIEW' }]);
  });
});

describe('kept', () => {
  test.each<[string, Partial<SampleEntry>]>([
    [
      'FUNCTION',
      { definition: sql('plpgsql').replace('SELECT 1', 'EXECUTE $x$\n    LANGUAGE c LEAKPROOF SUPPORT f\n$x$') },
    ],
    ['PUBLICATION', { definition: "CREATE PUBLICATION p WITH (publish = 'insert');\n" }],
    ['SERVER', { definition: 'CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;\n' }],
    ['TYPE', { definition: "CREATE TYPE public.mood AS ENUM (\n    'fine'\n);\n" }],
    ['TYPE', { definition: 'CREATE TYPE "a b"."c ""d" AS RANGE (\n);\n' }],
    ['CAST', { definition: 'CREATE CAST (a AS b) WITH FUNCTION public.f(a);\n' }],
    ['AGGREGATE', { definition: 'CREATE AGGREGATE public.a(integer) (\n    STYPE = internal_thing\n);\n' }],
    ['DEFAULT ACL', { owner: 'app' }],
    ['ACL', { tag: 'SCHEMA public' }],
    ['TABLE', { owner: 'app', tablespace: 'fast' }],
  ])('%s %j', (kind, sample) => {
    expect(adapt([{ id: 1, kind, ...sample }])).toMatchObject({ entries: [{ kind }], edits: [], differences: [] });
  });

  test('an event trigger of a member of rds_superuser', () => {
    const watch = { id: 1, kind: 'EVENT TRIGGER', tag: 'watch' };
    expect(adapt([watch], { ...MASTER, rdsSuperuser: true }).differences).toEqual([]);
  });
});

test('privileges on schema public are left to its owner', () => {
  const samples = [{ id: 1, kind: 'ACL', tag: 'SCHEMA public' }];
  expect(adapt(samples, { ...MASTER, ownsPublic: false }).differences).toMatchObject([{ kind: 'left out' }]);
});

describe('restored in other words', () => {
  test('what belongs to somebody to whom nothing may be given', () => {
    const table = { id: 1, kind: 'TABLE', tag: 't', schema: 'public', owner: 'somebody' };
    expect(restored(table)?.owner).toBe('');
    expect(adapt([table]).differences).toMatchObject([{ kind: 'owner', object: 'TABLE public.t' }]);
    expect(restored(table, SUPERUSER)?.owner).toBe('somebody');
  });

  test('an owner is said of what has one of its own, once', () => {
    const of = { schema: 'public', owner: 'somebody' };
    const samples = [
      { ...of, id: 1, kind: 'DATABASE', tag: 'shop' },
      { ...of, id: 2, kind: 'TABLE', tag: 't' },
      { ...of, id: 3, kind: 'SEQUENCE', tag: 't_id_seq' },
      { ...of, id: 4, kind: 'SEQUENCE OWNED BY', tag: 't_id_seq' },
      { ...of, id: 5, kind: 'DEFAULT', tag: 't id' },
      { ...of, id: 6, kind: 'TABLE DATA', tag: 't', section: 3 },
      { ...of, id: 7, kind: 'SEQUENCE SET', tag: 't_id_seq', section: 3 },
      { ...of, id: 8, kind: 'CONSTRAINT', tag: 't t_pkey', section: 4 },
      { ...of, id: 9, kind: 'INDEX', tag: 't_n', section: 4 },
      { ...of, id: 10, kind: 'TRIGGER', tag: 't tr', section: 4 },
    ];
    expect(adapt(samples).differences).toMatchObject([
      { object: 'TABLE public.t' },
      { object: 'SEQUENCE public.t_id_seq' },
    ]);
  });

  test('what lies in a tablespace that is not there: said once, also to a superuser', () => {
    const tables = [1, 2].map((id) => ({ id, kind: 'TABLE', tag: `t${id}`, owner: 'app', tablespace: 'slow' }));
    const { edits, differences } = adapt(tables, SUPERUSER);
    expect(differences).toMatchObject([{ kind: 'tablespace', object: 'slow' }]);
    const read = readArchiveToc(withEdits(headOf(tables), edits))?.entries;
    expect(read).toMatchObject([
      { tablespace: '', owner: 'app' },
      { tablespace: '', owner: 'app' },
    ]);
  });

  test.each([
    ['LEAKPROOF', sql('sql IMMUTABLE LEAKPROOF PARALLEL SAFE'), sql('sql IMMUTABLE PARALLEL SAFE')],
    ['SUPPORT', sql('sql SUPPORT public."my fn"'), sql('sql')],
    ['both', sql('sql LEAKPROOF COST 3 SUPPORT public.f PARALLEL SAFE'), sql('sql COST 3 PARALLEL SAFE')],
  ])('a function that only a superuser may make so: %s', (_, definition, expected) => {
    expect(restored(fn(definition))?.definition).toBe(expected);
    expect(adapt([fn(definition)]).differences).toMatchObject([{ kind: 'altered', object: 'FUNCTION public.f()' }]);
    expect(restored(fn(definition), SUPERUSER)?.definition).toBe(definition);
  });

  test('grants in the name of others', () => {
    const definition = [
      'GRANT SELECT ON TABLE public.t TO a WITH GRANT OPTION;',
      'SET SESSION AUTHORIZATION a;\nGRANT SELECT ON TABLE public.t TO b;\nRESET SESSION AUTHORIZATION;',
      'SET SESSION AUTHORIZATION "o;""dd";\nGRANT SELECT ON TABLE public.t TO c;\nRESET SESSION AUTHORIZATION;\n',
    ].join('\n');
    const samples = [{ id: 1, kind: 'TABLE', tag: 't', schema: 'public' }];
    const acl = { id: 2, kind: 'ACL', tag: 'TABLE t', schema: 'public', definition, needs: [1] };
    const { edits, differences } = adapt([...samples, acl]);
    const changed = readArchiveToc(withEdits(headOf([...samples, acl]), edits))?.entries[1]?.definition;
    expect(changed).toBe(
      ['TO a WITH GRANT OPTION', 'TO b', 'TO c'].map((to) => `GRANT SELECT ON TABLE public.t ${to};\n`).join(''),
    );
    expect(differences).toMatchObject([{ kind: 'altered', object: 'ACL public.TABLE t' }]);
  });

  test('a subscription for a server that does not know what pg_dump says of it, which means the same', () => {
    const definition =
      "CREATE SUBSCRIPTION s CONNECTION '…' PUBLICATION p WITH (connect = false, run_as_owner = true);\n";
    const subscription = { id: 1, kind: 'SUBSCRIPTION', tag: 's', definition };
    expect(restored(subscription, { ...SUPERUSER, major: 15 })?.definition).not.toContain('run_as_owner');
    expect(adapt([subscription], { ...SUPERUSER, major: 15 }).differences).toEqual([]);
    expect(restored(subscription, SUPERUSER)?.definition).toBe(definition);
  });
});
