import { Readable } from 'node:stream';
import { expect } from '@jest/globals';
import {
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3';
import { createBucket, MIB, s3Of, uploadParts } from './s3.ts';
import { describeMend } from './mend-suite.ts';

describeMend('s3_small_parts', {
  'a part below 5 MiB before the last is refused': async (emulator) => {
    const s3 = await createBucket(emulator, 'small');
    const parts = [Buffer.alloc(5 * MIB - 1), Buffer.from('last')];
    await expect(uploadParts(s3, { bucket: 'small', key: 'o', parts })).rejects.toMatchObject({
      name: 'EntityTooSmall',
    });
  },
});

describeMend('s3_upload_headers', {
  'tags of the upload are tags of the object': async (emulator) => {
    const s3 = await createBucket(emulator, 'tagged');
    const create = { Tagging: 'holdfast%3Asource=orders&empty=' };
    await uploadParts(s3, { bucket: 'tagged', key: 'o', parts: [Buffer.from('x')], create });
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: 'tagged', Key: 'o' }));
    expect(TagSet).toEqual([
      { Key: 'holdfast:source', Value: 'orders' },
      { Key: 'empty', Value: '' },
    ]);
  },

  'Object Lock of the upload locks the object': async (emulator) => {
    const s3 = await createBucket(emulator, 'locked', true);
    const create = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date('2099-01-01') } as const;
    await uploadParts(s3, { bucket: 'locked', key: 'o', parts: [Buffer.from('x')], create });
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket: 'locked', Key: 'o' }));
    expect(Retention).toMatchObject({ Mode: 'GOVERNANCE', RetainUntilDate: new Date('2099-01-01') });
  },
});

describeMend('s3_thawed_versions', {
  'a version that is being thawed says so, asked for by its version': async (emulator) => {
    const s3 = await createBucket(emulator, 'archived', true);
    const object = { Bucket: 'archived', Key: 'o' };
    const { VersionId } = await s3.send(new PutObjectCommand({ ...object, Body: 'x', StorageClass: 'GLACIER' }));
    const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: 'Standard' } } as const;
    await s3.send(new RestoreObjectCommand({ ...object, VersionId, RestoreRequest }));
    const head = await s3.send(new HeadObjectCommand({ ...object, VersionId }));
    expect(head).toMatchObject({ StorageClass: 'GLACIER', Restore: expect.stringContaining('ongoing-request=') });
  },
});

describeMend('s3_signatures', {
  'another secret is refused, the right one is not': async (emulator) => {
    await expect(s3Of(emulator).send(new ListBucketsCommand())).resolves.toBeDefined();
    const stranger = s3Of(emulator, { credentials: { accessKeyId: 'test', secretAccessKey: 'guessed' } });
    await expect(stranger.send(new ListBucketsCommand())).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  },

  'odd keys, streamed bodies and a spoilt request': async (emulator) => {
    const s3 = await createBucket(emulator, 'signed');
    const Key = 'a b/ü%2F+&=?#~\'"()*/q';
    const stream = Readable.from([Buffer.from('streamed '), Buffer.from('body')]);
    await s3.send(new PutObjectCommand({ Bucket: 'signed', Key, Body: stream, ContentLength: 13 }));
    expect(await s3.send(new HeadObjectCommand({ Bucket: 'signed', Key }))).toMatchObject({ ContentLength: 13 });
    s3.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['host'] = 'elsewhere:1';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(s3.send(new ListBucketsCommand())).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  },
});

describeMend('s3_fast_checksums', {
  // In Python this takes ten seconds and more.
  'CRC32C of 48 MiB takes seconds at most': async (emulator) => {
    const s3 = await createBucket(emulator, 'fast');
    const body = Buffer.alloc(48 * MIB, 'x');
    const abortSignal = AbortSignal.timeout(6000);
    const put = new PutObjectCommand({ Bucket: 'fast', Key: 'o', Body: body, ChecksumAlgorithm: 'CRC32C' });
    await s3.send(put, { abortSignal });
  },
});
