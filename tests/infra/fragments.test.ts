import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { roles } from '../../infra/roles.ts';
import { bucketEncryption, bucketLifecycle, bucketLock } from '../../infra/bucket.ts';
import { sources } from '../../infra/sources.ts';
import type { Template } from '../../infra/limits.ts';
import { configFolder } from './packaged-service.ts';
import { permissionsOf } from './policies.ts';

/** The fragments read holdfast.yml in the folder that the framework runs in. */
const home = process.cwd();
let config: ReturnType<typeof configFolder>;
afterEach(() => {
  process.chdir(home);
  config.remove();
});

function given(text: string): void {
  config = configFolder(text);
  process.chdir(config.folder);
}

describe('the smallest configuration', () => {
  beforeEach(() => {
    given('sources: { orders: { connection: { secret: prod/orders } } }');
  });

  it("makes no schedule and no subscription, and a bucket with S3's own key", () => {
    expect(Object.keys(sources().Resources)).toEqual(['ScheduleQueue']);
    expect(bucketEncryption()).toEqual({
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
    });
  });

  it('gives nobody a key, and the worker neither RDS nor a login by IAM', () => {
    const permissions = permissionsOf(roles() as Template);
    const keys = permissions.filter(({ action }) => action.startsWith('kms:'));
    expect(keys.map(({ role, action, resource }) => `${role} ${action} ${resource}`)).toEqual([
      'Worker kms:Decrypt *',
      'RestoreWorker kms:Decrypt *',
    ]);
    const worker = permissions.filter(({ role }) => role === 'Worker').map(({ action }) => action.split(':')[0]);
    expect(new Set(worker)).toEqual(new Set(['dynamodb', 's3', 'states', 'secretsmanager', 'kms']));
  });
});

describe('the bucket', () => {
  it('can hold objects, and locks none by itself, where no lock is configured', () => {
    given('sources: { orders: { connection: { secret: x } } }');
    expect(bucketLock()).toEqual({ ObjectLockEnabled: 'Enabled' });
    expect(JSON.stringify(bucketLifecycle())).not.toContain('Transition');
  });

  it.each(['governance', 'compliance'])('locks what is written in %s mode', (mode) => {
    given(`storage: { objectLock: { mode: ${mode}, days: 14 } }\nsources: { orders: { connection: { secret: x } } }`);
    const DefaultRetention = { Mode: mode.toUpperCase(), Days: 14 };
    expect(bucketLock()).toEqual({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } });
  });

  it('moves the archives of each source by its own rule', () => {
    given(
      'sources:\n  a: { connection: { secret: x }, archive: { afterDays: 30, storageClass: GLACIER } }\n' +
        '  a-b: { connection: { secret: x }, archive: { afterDays: 5, storageClass: DEEP_ARCHIVE } }\n' +
        '  c: { connection: { secret: x } }',
    );
    const { Rules } = bucketLifecycle() as { Rules: { Id: string }[] };
    expect(Rules.filter(({ Id }) => Id.startsWith('archive-'))).toEqual([
      {
        Id: 'archive-a',
        Status: 'Enabled',
        Prefix: 'a/',
        ObjectSizeGreaterThan: '16777216',
        Transitions: [{ TransitionInDays: 30, StorageClass: 'GLACIER' }],
      },
      expect.objectContaining({
        Prefix: 'a-b/',
        Transitions: [{ TransitionInDays: 5, StorageClass: 'DEEP_ARCHIVE' }],
      }),
    ]);
  });
});

describe('sources that log in by IAM alone', () => {
  it('give the worker no secret', () => {
    given(
      'sources: { orders: { rds: { instance: orders-prod }, connection: { auth: iam, user: holdfast, database: orders } } }',
    );
    const worker = permissionsOf(roles() as Template).filter(({ role }) => role === 'Worker');
    expect(worker.map(({ action }) => action)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(secretsmanager|kms):/)]),
    );
    expect(worker).toContainEqual(expect.objectContaining({ action: 'rds-db:connect' }));
  });
});

describe('sources that share a secret', () => {
  it('name it once', () => {
    given('sources: { a: { connection: { secret: shared } }, b: { connection: { secret: shared } } }');
    const secrets = permissionsOf(roles() as Template).filter(({ action }) => action.startsWith('secretsmanager:'));
    // By its bare name, and as it is once it exists; for the worker that dumps, and for the one that restores.
    expect(secrets).toHaveLength(4);
  });
});
