/** `holdfast backup`, `list` and `show`: a good run, one that nobody waits for, one that fails. */
import { CopyObjectCommand, DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../local/mend-suite.ts';
import { holdfast, holdfastJson } from './holdfast.ts';
import { RUN_NAME, runNameIn, type Shop } from './shop.ts';

/** @param world has no other run yet */
export function testBackups(world: () => Shop): void {
  describe('a backup that somebody waits for', () => {
    let run: string;

    test('tells each change of state, then what it has left', async () => {
      const { code, stdout, stderr } = await holdfast(
        world().stack.env,
        'backup',
        'shop',
        '--label',
        'before 4.2',
        '--wait',
      );
      expect(stderr).toBe('');
      expect(code).toBe(0);
      run = runNameIn(stdout);
      expect(stdout).toMatch(new RegExp(`^started ${run}\n`));
      for (const state of ['PlanBackup', 'RecordManifest', 'PublishSuccess']) {
        expect(stdout).toMatch(new RegExp(`^ +\\d+ s  ${state}$`, 'm'));
      }
      expect(stdout).toMatch(/^shop +1 +1,234 +[\d.]+ \w+ +yes +hf-shop-/m);
      expect(stdout).toMatch(/^odd name +1 +5 +[\d.]+ \w+ +yes +hf-shop-/m);
      expect(stdout).toContain(`holdfast show ${run}`);
    });

    test('is listed', async () => {
      const { code, stdout } = await holdfast(world().stack.env, 'list');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`shop +${run} +verified +- +before 4.2 .* STANDARD +2 +1,239 +hf-shop-`));
    });

    test('is shown, for a person', async () => {
      const { code, stdout } = await holdfast(world().stack.env, 'show', run);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^${run}: verified\n`));
      expect(stdout).toContain('compared checksum and size of 6 objects');
      expect(stdout).toContain('pg_restore --exit-on-error');
      expect(stdout).toContain('odd%20name/1/archive.dump');
    });

    test('is shown, for a program', async () => {
      const { code, document } = await holdfastJson(world().stack.env, 'show', run);
      expect(code).toBe(0);
      expect(document).toMatchObject({
        source: 'shop',
        run,
        status: 'succeeded',
        verdict: 'verified',
        label: 'before 4.2',
        trigger: 'cli',
        databases: 2,
        rows: 1239,
        bucket: world().stack.info.bucket,
        console: null,
        snapshot: { kind: 'instance', status: 'available' },
        dumps: [
          { database: 'shop', totals: { rows: 1234 } },
          { database: 'odd name', totals: { rows: 5 } },
        ],
        verification: { by: 'VerifyDump', objects: 6 },
        failure: null,
        progress: null,
      });
      expect(JSON.stringify(document['dumps'])).toContain('pg_restore');
    });

    test('says which of its objects were archived, and which are gone', async () => {
      const listed = async (): Promise<unknown> => {
        const { document } = await holdfastJson(world().stack.env, 'list', 'shop', '--limit', '1');
        return (document as { runs: { storage: unknown }[] }).runs[0]?.storage;
      };
      const where = { Bucket: world().stack.info.bucket, Prefix: 'shop/' };
      const { Contents = [] } = await world().stack.clients.s3.send(new ListObjectsV2Command(where));
      const [first = '', second = ''] = Contents.flatMap(({ Key = '' }) => (Key.endsWith('archive.dump') ? [Key] : []));
      // As the lifecycle rule of `archive` does, in its own time.
      const CopySource = `${where.Bucket}/${encodeURIComponent(first)}`;
      await world().stack.clients.s3.send(
        new CopyObjectCommand({ ...{ Bucket: where.Bucket, Key: first, CopySource }, StorageClass: 'GLACIER' }),
      );
      await world().stack.clients.s3.send(new DeleteObjectCommand({ Bucket: where.Bucket, Key: second }));
      expect(await listed()).toEqual(
        expect.arrayContaining([
          { storageClass: 'GLACIER', objects: 1, sizeBytes: expect.any(Number) },
          { storageClass: 'STANDARD', objects: 4, sizeBytes: expect.any(Number) },
          { storageClass: null, objects: 1, sizeBytes: expect.any(Number) },
        ]),
      );
      const { stdout } = await holdfast(world().stack.env, 'show', run);
      expect(stdout).toMatch(/^ +archive .* GLACIER .*odd%20name/m);
      expect(stdout).toMatch(/^ +archive .* MISSING .*shop\/1/m);
    });
  });

  test('a backup that nobody waits for is started and can be followed', async () => {
    const env = { ...world().stack.env, CI: 'true' };
    const { code, document, stderr } = await holdfastJson(env, 'backup', 'shop', '--include', 'snapshot');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(document).toMatchObject({ source: 'shop', status: 'running', recoveryPoint: null });
    const run = String(document['run']);
    expect(run).toMatch(RUN_NAME);
    const shown = await eventually(async () => {
      const { document } = await holdfastJson(world().stack.env, 'show', run);
      return document['status'] === 'succeeded' ? document : undefined;
    }, 30_000);
    expect(shown).toMatchObject({ verdict: 'snapshot-only', trigger: 'ci', dumps: [], databases: 0 });
  });

  describe('a backup that fails', () => {
    test('ends with the exit code of its failure, the reason and what to do', async () => {
      const { code, stdout, stderr } = await holdfast(world().stack.env, 'backup', 'broken', '--wait');
      expect(code).toBe(10);
      expect(stderr).toMatch(/^error: AuthFailed: .*\nhint: check user and password in the secret/);
      expect(stdout).toMatch(/^broken-\S+: FAILED AuthFailed after/m);
      const shown = await holdfast(world().stack.env, 'show', runNameIn(stdout));
      expect(shown.stdout).toContain('Why it failed\n  AuthFailed: ');
    });

    test('gives a program one document with the error; progress goes to stderr', async () => {
      const { code, document, stderr } = await holdfastJson(world().stack.env, 'backup', 'broken', '--wait');
      expect(code).toBe(10);
      expect(stderr).toMatch(/^ +\d+ s {2}PlanBackup$/m);
      expect(document).toMatchObject({
        source: 'broken',
        status: 'failed',
        recoveryPoint: null,
        error: { code: 'AuthFailed', hint: expect.stringContaining('secret') },
      });
    });

    test('because nobody knows the source: exit code 3 and the sources there are', async () => {
      const { code, stderr } = await holdfast(world().stack.env, 'backup', 'nope', '--wait');
      expect(code).toBe(3);
      expect(stderr).toMatch(/^error: SourceNotFound: .*shop, broken/);
    });
  });
}
