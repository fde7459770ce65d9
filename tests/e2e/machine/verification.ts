/** Objects that are not what the worker sent by the time that VerifyDump looks. */
import { expect, test } from '@jest/globals';
import { DeleteObjectCommand, GetObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ErrorCode } from '../../../core/errors.ts';
import { expectNothing, expectPartial, objectsOf } from '../support/machine-expect.ts';
import { rowOf, startRun } from '../support/machine-run.ts';
import type { SourceConfig } from '../support/machine-world.ts';
import type { FaultWorld } from './fault-world.ts';

interface Tampering {
  readonly source: string;
  /** What becomes of the archive after it was stored and before it is looked at. */
  readonly tamper: (world: FaultWorld, Bucket: string, Key: string) => Promise<unknown>;
  /**
   * The worker never learns which version it stored, so the newest one is looked at; nobody can put anything in the
   * place of a version that is known.
   */
  readonly loseAnswer: boolean;
  readonly code: ErrorCode;
  readonly cause: RegExp;
  /** Of the archive; the other two objects are there. */
  readonly versions: number;
}

async function removeVersions({ stack }: FaultWorld, Bucket: string, Key: string): Promise<void> {
  const { Versions = [] } = await stack.clients.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  for (const { VersionId } of Versions)
    await stack.clients.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
}

async function overwrite(
  { stack }: FaultWorld,
  Bucket: string,
  Key: string,
  change: (body: Uint8Array) => Uint8Array,
): Promise<void> {
  const { Body } = await stack.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  const body = change((await Body?.transformToByteArray()) ?? new Uint8Array());
  await stack.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: body, ChecksumAlgorithm: 'CRC32' }));
}

const TAMPERINGS: readonly Tampering[] = [
  {
    source: 'object-deleted',
    tamper: removeVersions,
    loseAnswer: false,
    code: 'ObjectMissing',
    cause: /^object object-deleted\/.*archive\.dump version \S+ is not in the bucket$/,
    versions: 0,
  },
  {
    source: 'object-cut-short',
    tamper: (world, bucket, key) => overwrite(world, bucket, key, (body) => body.subarray(0, -1)),
    loseAnswer: true,
    code: 'SizeMismatch',
    cause: /archive\.dump has \d+ bytes in S3, the worker sent \d+$/,
    versions: 2,
  },
  {
    source: 'object-changed',
    tamper: (world, bucket, key) => overwrite(world, bucket, key, (body) => body.map((byte) => byte ^ 1)),
    loseAnswer: true,
    code: 'ChecksumMismatch',
    cause: /archive\.dump has CRC32 \S+ \(FULL_OBJECT\) in S3, the worker sent \S+ \(FULL_OBJECT\)$/,
    versions: 2,
  },
];

const small: SourceConfig = { connection: { secret: 'server', sslMode: 'require' }, databases: ['shop'] };

export const VERIFICATION_SOURCES: Readonly<Record<string, SourceConfig>> = {
  ...Object.fromEntries(TAMPERINGS.map(({ source }) => [source, small])),
  'one-object-deleted': { ...small, databases: ['shop', 'open'] },
};

export function testVerification(world: () => FaultWorld): void {
  /** Tampers with the archive of a database just before it is looked at. */
  const tamperWith = (source: string, database: string, { tamper, loseAnswer }: Omit<Tampering, 'source'>): void => {
    let completions = 0;
    let looks = 0;
    world().weather(source, async (request, path) => {
      if (!path.includes(`/${database}/`) || !path.endsWith('/archive.dump')) return 'forward';
      if (request === 'complete' && loseAnswer) return ++completions === 1 ? 'lose-answer' : 'gone';
      const [, bucket = '', ...key] = path.split('/');
      if (request === 'head' && ++looks === 1) await tamper(world(), bucket, key.join('/'));
      return 'forward';
    });
  };

  test.concurrent.each(TAMPERINGS)('$source: $code', async ({ source, code, cause, versions, ...tampering }) => {
    tamperWith(source, 'shop', { code, cause, versions, ...tampering });
    const run = await startRun(world(), { source });
    const [archive = '', ...others] = objectsOf(['shop']);
    await expectNothing(world(), run, {
      code,
      cause,
      servers: [world().server],
      // The verifier cannot delete. Without a manifest these are no backup, and the sweep's.
      objects: [...Array.from({ length: versions }, () => archive), ...others],
    });
  });

  test.concurrent('an object of one of several databases is gone: partial', async () => {
    const [gone] = TAMPERINGS;
    if (!gone) throw new Error('there is no tampering');
    tamperWith('one-object-deleted', 'open', gone);
    const run = await startRun(world(), { source: 'one-object-deleted' });
    const manifest = await expectPartial(world(), run, {
      code: 'ObjectMissing',
      cause: /open\/1\/archive\.dump version \S+ is not in the bucket$/,
      servers: [world().server],
      objects: ['manifest.json', ...objectsOf(['open']).slice(1), ...objectsOf(['shop'])],
    });
    expect(manifest.dumps).toMatchObject([{ database: 'shop' }]);
    expect(await rowOf(world(), run)).toMatchObject({ failedDatabases: [{ database: 'open' }] });
  });
}
