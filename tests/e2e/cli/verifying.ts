/** `holdfast verify`: every way in which what is stored may differ from what is recorded, each with its exit code. */
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import type { StoredObject } from '../../../core/manifest.ts';
import type { TestStack } from '../support/stack.ts';
import { startS3Proxy, type S3Proxy, type Treatment } from '../support/worker-s3-proxy.ts';
import { holdfast, holdfastJson } from './holdfast.ts';

export interface VerifiedPoint {
  readonly stack: TestStack;
  readonly run: string;
}

const FILES = ['archive.dump', 'roles.sql', 'evidence.json.gz'] as const;

/** @param given a point of one database, whose objects are destroyed in the end */
export function testVerify(given: () => VerifiedPoint): void {
  describe('verify', () => {
    test('reads every byte, of the newest verified point too', async () => {
      const { stack, run } = given();
      const good = await holdfast(stack.env, 'verify', '--source', 'shop', '--latest');
      expect(good).toMatchObject({ code: 0, stderr: '' });
      expect(good.stdout).toMatch(new RegExp(`${run}: every byte is as it was recorded`));
      expect(good.stdout).toMatch(/^shop +archive +[\d.]+ \w+ +[0-9a-f]{16}… +equal$/m);
    });

    test.each(FILES)('finds one wrong byte in %s', async (file) => {
      const { document, ...found } = await verifyThroughProxy(given(), file, 'flip');
      expect(found.code).toBe(22);
      expect(document).toMatchObject({ error: { code: 'ChecksumMismatch', message: expect.stringContaining(file) } });
      expect(problemsOf(document)).toEqual([[file, 'ChecksumMismatch']]);
    });

    test.each(FILES)('finds that %s lacks its end', async (file) => {
      const { document, ...found } = await verifyThroughProxy(given(), file, 'shorten');
      expect(found.code).toBe(21);
      expect(document).toMatchObject({ error: { code: 'SizeMismatch', message: expect.stringContaining(file) } });
      expect(problemsOf(document)).toEqual([[file, 'SizeMismatch']]);
    });

    test('reads an object again when the connection breaks', async () => {
      let gets = 0;
      const found = await verifyThroughProxy(given(), 'archive.dump', () => (++gets === 1 ? 'break-off' : 'forward'));
      expect({ code: found.code, gets }).toEqual({ code: 0, gets: 2 });
    });

    test('is no success when the connection breaks again and again', async () => {
      const { code, document } = await verifyThroughProxy(given(), 'archive.dump', 'break-off');
      expect(code).toBe(1);
      expect(document).toMatchObject({ error: { code: 'UnexpectedError' } });
    });

    test('takes the version that is recorded, and misses it when it is gone', async () => {
      const { stack, run } = given();
      const { key, versionId } = await recordedObject(given(), 'roles.sql');
      const address = { Bucket: stack.info.bucket, Key: key };
      const { Body } = await stack.clients.s3.send(new GetObjectCommand(address));
      // The same bytes as another version: they are not those that were verified.
      await stack.clients.s3.send(
        new PutObjectCommand({ ...address, Body: (await Body?.transformToByteArray()) ?? '' }),
      );
      expect((await holdfast(stack.env, 'verify', run)).code).toBe(0);
      await stack.clients.s3.send(new DeleteObjectCommand({ ...address, VersionId: versionId ?? '' }));
      const bad = await holdfast(stack.env, 'verify', run);
      expect(bad.code).toBe(20);
      expect(bad.stderr).toMatch(`error: ObjectMissing: object ${key} version ${versionId ?? ''} is not in the bucket`);
      expect(bad.stdout).toMatch(new RegExp(`^${run}: 1 of 3 objects are NOT`, 'm'));
    });

    test('misses an object that is gone; a delete marker alone hides nothing', async () => {
      const { stack, run } = given();
      const { key, versionId } = await recordedObject(given(), 'archive.dump');
      const address = { Bucket: stack.info.bucket, Key: key };
      await stack.clients.s3.send(new DeleteObjectCommand(address));
      expect(problemsOf((await holdfastJson(stack.env, 'verify', run)).document)).toEqual([
        ['roles.sql', 'ObjectMissing'],
      ]);
      await stack.clients.s3.send(new DeleteObjectCommand({ ...address, VersionId: versionId ?? '' }));
      const { code, document } = await holdfastJson(stack.env, 'verify', run);
      expect(code).toBe(20);
      expect(problemsOf(document)).toEqual([
        ['archive.dump', 'ObjectMissing'],
        ['roles.sql', 'ObjectMissing'],
      ]);
    });
  });
}

/** The bucket stays as it is: only what is read of that file is another. */
async function verifyThroughProxy(
  { stack, run }: VerifiedPoint,
  file: string,
  treatment: Treatment | (() => Treatment),
): ReturnType<typeof holdfastJson> {
  const proxy: S3Proxy = await startS3Proxy(stack.info.endpoint);
  proxy.treat = (request, key) => {
    if (request !== 'get' || !key.endsWith(`/${file}`)) return 'forward';
    return typeof treatment === 'function' ? treatment() : treatment;
  };
  try {
    return await holdfastJson({ ...stack.env, AWS_ENDPOINT_URL_S3: proxy.endpoint }, 'verify', run);
  } finally {
    await proxy.close();
  }
}

/** Which files have which problem, in the order of the document. */
function problemsOf(document: Readonly<Record<string, unknown>>): [string, string][] {
  const objects = document['objects'] as readonly { key: string; problem: { code: string } | null }[];
  return objects.flatMap(({ key, problem }) => (problem ? [[key.split('/').at(-1) ?? '', problem.code]] : []));
}

async function recordedObject({ stack, run }: VerifiedPoint, file: string): Promise<StoredObject> {
  const { document } = await holdfastJson(stack.env, 'show', run);
  const dumps = document['dumps'] as readonly { readonly objects: readonly StoredObject[] }[];
  const object = dumps.flatMap(({ objects }) => objects).find(({ key }) => key.endsWith(`/${file}`));
  if (!object) throw new Error(`the point has no ${file}`);
  return object;
}
