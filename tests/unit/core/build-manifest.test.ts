import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { buildManifest, type ManifestParts } from '../../../core/build-manifest.ts';
import { Manifest } from '../../../core/manifest.ts';
import {
  databaseDump,
  DUMP_FAILED,
  dumped,
  dumpVerified,
  FINISHED_AT,
  outcomeOf,
  runRow,
  SKIPPED,
  SNAPSHOT,
  SNAPSHOT_AVAILABLE,
  SNAPSHOT_FAILED,
  STARTED_AT,
} from './run-samples.ts';

const SCHEMA = join(import.meta.dirname, '../../../docs/manifest.schema.json');

const ajv = new Ajv2020({ allErrors: true });
ajvFormats.default(ajv);
ajv.addFormat('base64', /^[A-Za-z0-9+/]*={0,2}$/);
const matchesDocumentedSchema = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

function manifestWith(more: Partial<ManifestParts> = {}): Manifest {
  return buildManifest({
    run: runRow({ label: 'before 4.2', trigger: 'cli', outcome: outcomeOf(dumped('orders')) }),
    verdict: 'verified',
    snapshot: SNAPSHOT_AVAILABLE,
    dump: dumpVerified(),
    dumps: [databaseDump('orders')],
    finishedAt: FINISHED_AT,
    bucket: 'backups',
    ...more,
  });
}

const NO_OUTCOME = { run: runRow(), dumps: [] };

describe('a manifest', () => {
  it('ties together what the run made', () => {
    const { dumps, ...rest } = manifestWith();
    expect(rest).toEqual({
      format: 'holdfast/1',
      source: 'orders',
      run: 'run-1',
      label: 'before 4.2',
      trigger: 'cli',
      startedAt: STARTED_AT,
      finishedAt: FINISHED_AT,
      verdict: 'verified',
      server: { version: '17.5' },
      snapshot: SNAPSHOT,
      verification: { at: FINISHED_AT, by: 'VerifyDump', objects: 2 },
      restoreTests: [],
    });
    expect(dumps).toEqual([{ ...databaseDump('orders'), restore: expect.any(Array) }]);
  });

  it('says for each database how to restore it from its own objects', () => {
    const [dump] = manifestWith().dumps;
    for (const { key } of dump?.objects ?? []) expect(dump?.restore.join('\n')).toContain(`--key=${key}`);
    expect(dump?.restore.join('\n')).toMatch(/--bucket=backups[^]*pg_restore /);
  });

  it.each<[string, Partial<ManifestParts>]>([
    ['of both halves', {}],
    ['of a dump alone', { snapshot: SKIPPED }],
    ['of a snapshot alone', { ...NO_OUTCOME, verdict: 'snapshot-only', dump: SKIPPED }],
    ['of a snapshot whose dump failed', { ...NO_OUTCOME, verdict: 'partial', dump: DUMP_FAILED }],
    ['of a dump whose snapshot failed', { verdict: 'partial', snapshot: SNAPSHOT_FAILED }],
    ['of a database with an odd name', { dumps: [databaseDump('it\'s\n"odd" 100%/ü')] }],
  ])('%s is what the schema and its documentation say', (_title, parts) => {
    const manifest = JSON.parse(JSON.stringify(manifestWith(parts))) as unknown;
    expect(Manifest.safeParse(manifest).error?.issues).toBeUndefined();
    expect(matchesDocumentedSchema(manifest) ? [] : matchesDocumentedSchema.errors).toEqual([]);
  });

  it('claims no verification where no dump was verified', () => {
    expect(manifestWith({ ...NO_OUTCOME, dump: DUMP_FAILED }).verification).toBeNull();
    expect(manifestWith({ ...NO_OUTCOME, dump: SKIPPED }).verification).toBeNull();
    expect(manifestWith({ dumps: [] }).verification).toBeNull();
  });

  it('names no snapshot that is not available', () => {
    expect(manifestWith({ snapshot: SNAPSHOT_FAILED }).snapshot).toBeNull();
    expect(manifestWith({ snapshot: SKIPPED }).snapshot).toBeNull();
  });

  it('is the same for the same parts, so that recording twice is harmless', () => {
    expect(manifestWith()).toEqual(manifestWith());
  });
});

describe('the documented schema', () => {
  const good = JSON.parse(JSON.stringify(manifestWith())) as Record<string, unknown>;

  it.each([
    ['another format', { format: 'holdfast/2' }],
    ['a verdict that there is none', { verdict: 'good' }],
    ['no dumps', { dumps: undefined }],
    ['a time that is none', { startedAt: 'yesterday' }],
  ])('refuses %s', (_title, change) => {
    const manifest = JSON.parse(JSON.stringify({ ...good, ...change })) as unknown;
    expect(matchesDocumentedSchema(manifest)).toBe(false);
    expect(Manifest.safeParse(manifest).success).toBe(false);
  });

  it('keeps fields that a later version adds', () => {
    const manifest = { ...good, later: 1 };
    expect(matchesDocumentedSchema(manifest)).toBe(true);
    expect(Manifest.parse(manifest)).toEqual(manifest);
  });
});
