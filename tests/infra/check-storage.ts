import { describe, expect, it } from '@jest/globals';
import type { Template } from '../../infra/limits.ts';
import { arnOf, KMS_KEY, propertiesOf, ref, resourcesOf } from './packaged-service.ts';

/** Types that hold what cannot be made again. */
const STATEFUL = ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::DynamoDB::Table'];

/** The framework's own bucket holds only bundles. */
const FRAMEWORK = 'ServerlessDeployment';

export function checkStorage(template: () => Template): void {
  describe('what holds data', () => {
    it('stays when the stack goes', () => {
      const stateful = STATEFUL.flatMap((type) => resourcesOf(template(), type)).filter(
        ([name]) => !name.startsWith(FRAMEWORK),
      );
      expect(stateful.map(([name]) => name).sort()).toEqual(['Bucket', 'BucketPolicy', 'Table']);
      for (const [, resource] of stateful) {
        expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
      }
    });
  });

  describe('the bucket', () => {
    it('is private, versioned and encrypted with the configured key', () => {
      expect(propertiesOf(template(), 'Bucket')).toMatchObject({
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KMS_KEY } },
          ],
        },
      });
    });

    it('takes TLS only', () => {
      const { Bucket, PolicyDocument } = propertiesOf(template(), 'BucketPolicy');
      expect(Bucket).toEqual(ref('Bucket'));
      expect(PolicyDocument).toMatchObject({
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:*',
            Resource: [arnOf('Bucket'), { 'Fn::Sub': '${Bucket.Arn}/*' }],
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      });
    });

    it('can lock objects from the day on which it is made', () => {
      expect(propertiesOf(template(), 'Bucket')).toMatchObject({
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
      });
    });

    it('expires nothing but abandoned uploads, and what somebody else has overwritten or deleted', () => {
      const { LifecycleConfiguration } = propertiesOf(template(), 'Bucket');
      expect(JSON.stringify(LifecycleConfiguration)).not.toMatch(/"Expiration/);
      expect(LifecycleConfiguration).toMatchObject({
        Rules: [
          { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } },
          { Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 180 } },
          { Id: 'archive-a-b', Prefix: 'a-b/', Transitions: [{ TransitionInDays: 30, StorageClass: 'GLACIER' }] },
        ],
      });
    });
  });

  describe('the table', () => {
    it('can be restored to any second, cannot be deleted, and expires nothing', () => {
      const table = propertiesOf(template(), 'Table');
      expect(table).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
      });
      expect(table).not.toHaveProperty('TimeToLiveSpecification');
    });
  });

  describe('every log', () => {
    it('ends some day', () => {
      for (const [, { Properties = {} }] of resourcesOf(template(), 'AWS::Logs::LogGroup')) {
        expect(Properties['RetentionInDays']).toBeGreaterThan(0);
      }
    });
  });
}
