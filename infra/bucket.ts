/** What holdfast.yml says about the bucket: its key, its lock, and where old archives go. */
import type { Config } from '../core/config/schema.ts';
import { serviceConfig } from './service-config.ts';

/** With the configured key, else with S3's own. */
export function bucketEncryption(): unknown {
  const kmsKey = serviceConfig().storage.kmsKey;
  return {
    ServerSideEncryptionConfiguration: [
      kmsKey === undefined
        ? { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }
        : {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKey },
          },
    ],
  };
}

/** Every bucket can lock objects, so that a legal hold is possible; a default retention is there where it is configured. */
export function bucketLock(): unknown {
  const lock = serviceConfig().storage.objectLock;
  if (!lock) return { ObjectLockEnabled: 'Enabled' };
  const DefaultRetention = { Mode: lock.mode.toUpperCase(), Days: lock.days };
  return { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } };
}

/**
 * Smaller objects stay where they are: manifests, roles and evidence are read by every restore before anything is
 * thawed, and an archive of that size costs less where it is than its thaw.
 */
const ARCHIVED_FROM_BYTES = 16 * 1024 * 1024;

/** An upload of a run that is over; the sweep aborts them after a day, this is for when it does not run. */
const ABANDONED_UPLOAD_DAYS = 2;

/**
 * Holdfast removes every version of what it removes. A version that is not the current one is what somebody else has
 * overwritten or deleted: so long there is time to bring it back.
 */
const NONCURRENT_DAYS = 180;

export function bucketLifecycle(): unknown {
  return {
    Rules: [
      {
        Id: 'abort-abandoned-uploads',
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABANDONED_UPLOAD_DAYS },
      },
      {
        Id: 'expire-noncurrent-versions',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: NONCURRENT_DAYS },
      },
      ...archiveRules(serviceConfig()),
    ],
  };
}

function archiveRules({ sources }: Config): object[] {
  return Object.entries(sources).flatMap(([name, { archive }]) =>
    archive
      ? [
          {
            Id: `archive-${name}`,
            Status: 'Enabled',
            Prefix: `${name}/`,
            // A string in CloudFormation.
            ObjectSizeGreaterThan: String(ARCHIVED_FROM_BYTES),
            Transitions: [{ TransitionInDays: archive.afterDays, StorageClass: archive.storageClass }],
          },
        ]
      : [],
  );
}
