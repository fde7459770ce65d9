import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PutObjectLegalHoldCommand, PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { s3 } from '../../../aws/clients.ts';
import { bucketName } from '../../../aws/environment.ts';
import { apply, left, leftNewest, removal } from './retention-scene.ts';
import { createBucket, rowOf, versionsOf } from './world.ts';

export function checkLocks(): void {
  describe('an object lock', () => {
    let before: string;
    beforeAll(async () => {
      before = bucketName();
      await createBucket('locked-backups', true);
    });
    afterAll(() => {
      process.env['HOLDFAST_BUCKET'] = before;
    });

    it('that has time to run keeps the point whole, and is a result', async () => {
      await s3().send(
        new PutObjectLockConfigurationCommand({
          Bucket: bucketName(),
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 3650 } },
          },
        }),
      );
      const row = await left(15);
      await leftNewest();
      expect(await apply(removal(row))).toMatchObject({
        removed: 0,
        kept: [{ why: expect.stringMatching(/^locked by S3 until 20/) }],
      });
      expect(await versionsOf(row)).toHaveLength(3);
      expect(await rowOf(row)).not.toHaveProperty('deleting');
      await s3().send(
        new PutObjectLockConfigurationCommand({
          Bucket: bucketName(),
          ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
        }),
      );
    });

    it('by a legal hold keeps the point whole', async () => {
      const row = await left(15);
      await leftNewest();
      const [object] = row.dumps?.[0]?.objects ?? [];
      await s3().send(
        new PutObjectLegalHoldCommand({
          Bucket: bucketName(),
          Key: object?.key,
          VersionId: object?.versionId ?? '',
          LegalHold: { Status: 'ON' },
        }),
      );
      expect(await apply(removal(row))).toMatchObject({ kept: [{ why: 'under a legal hold of S3' }] });
      expect(await versionsOf(row)).toHaveLength(3);
    });
  });
}
