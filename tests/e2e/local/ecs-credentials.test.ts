import { expect } from '@jest/globals';
import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describeMend } from './mend-suite.ts';
import type { TestEmulator } from './test-emulator.ts';

interface TaskCredentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
}

/** As an SDK inside a container asks for them. */
async function taskCredentials(emulator: TestEmulator): Promise<TaskCredentials> {
  const response = await fetch(`${emulator.endpoint}/v2/credentials/any`);
  return (await response.json()) as TaskCredentials;
}

describeMend('ecs_credentials', {
  'S3 takes the credentials of a task role, and only with their secret': async (emulator) => {
    const given = await taskCredentials(emulator);
    const client = (secretAccessKey: string): S3Client =>
      new S3Client({
        ...emulator.settings,
        credentials: { accessKeyId: given.AccessKeyId, secretAccessKey, sessionToken: given.Token },
      });
    await new S3Client(emulator.settings).send(new CreateBucketCommand({ Bucket: 'tasks' }));
    const s3 = client(given.SecretAccessKey);
    await s3.send(new PutObjectCommand({ Bucket: 'tasks', Key: 'a', Body: 'a' }));
    await s3.send(new HeadBucketCommand({ Bucket: 'tasks' }));
    await expect(
      client('another').send(new PutObjectCommand({ Bucket: 'tasks', Key: 'b', Body: 'b' })),
    ).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  },
});
