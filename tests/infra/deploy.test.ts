/** What `npm run deploy` looks at in the account, against the emulator: it refuses before anything is built or changed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
  type ObjectLockRule,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../core/config/parse.ts';
import { requireLockOf } from '../../infra/deploy-checks.ts';
import { sdkEnvironment } from '../../local/deploy.ts';
import { eventually } from '../e2e/local/mend-suite.ts';
import { startTestEmulator, type TestEmulator } from '../e2e/local/test-emulator.ts';
import { stopAfterTests } from '../e2e/support/stop-after-tests.ts';

const CHECKOUT = path.join(import.meta.dirname, '../..');
const NETWORK = 'network: { subnets: [subnet-a], securityGroups: [sg-1] }';
const WITH_SNAPSHOTS = '{ rds: { instance: a, snapshot: { keepLast: 60 } }, connection: { secret: x } }';
const GOOD = `${NETWORK}\nsources:\n  orders: { connection: { secret: x } }\n`;

const keep = stopAfterTests();
let emulator: TestEmulator;
let s3: S3Client;
let directory: string;
beforeAll(async () => {
  emulator = await keep(startTestEmulator());
  s3 = new S3Client({ ...emulator.settings, forcePathStyle: true });
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-deploy-'));
  Object.assign(process.env, sdkEnvironment(emulator.endpoint, {}));
});

/** Where neither docker nor podman is: so far as to build the image it must not come. */
function deploy(stage: string, config: string): { status: number | null; stderr: string } {
  const configFile = path.join(directory, 'holdfast.yml');
  writeFileSync(configFile, config);
  const args = ['--stage', stage, '--config', configFile, '--out', path.join(directory, 'out')];
  const { status, stderr } = spawnSync(process.execPath, ['infra/deploy-command.ts', ...args], {
    cwd: CHECKOUT,
    encoding: 'utf8',
    env: { ...sdkEnvironment(emulator.endpoint, {}), PATH: directory },
  });
  return { status, stderr };
}

/** A bucket, and a stack that says that it is the bucket of that stage. */
async function deployedBucket(stage: string, { canLock }: { canLock: boolean }): Promise<string> {
  const Bucket = `backups-of-${stage}`;
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: canLock }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const TemplateBody = JSON.stringify({
    Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    Outputs: { BackupMachineArn: { Value: 'arn:x' }, BucketName: { Value: Bucket } },
  });
  const StackName = `holdfast-${stage}`;
  const cloudFormation = new CloudFormationClient(emulator.settings);
  await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody }));
  await eventually(async () => {
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Stacks?.[0]?.StackStatus === 'CREATE_COMPLETE' ? true : undefined;
  });
  return Bucket;
}

describe('a deployment is refused', () => {
  it('to a bucket that was made without Object Lock', async () => {
    await deployedBucket('old', { canLock: false });
    const { status, stderr } = deploy('old', GOOD);
    expect(stderr).toMatch(
      /^InvalidConfig: bucket backups-of-old was made without Object Lock: deploy a new stage, and keep the old one/,
    );
    expect(status).toBe(2);
  });

  it.each([
    ['without a network', 'sources: { a: { connection: { secret: x } } }', 2, /^InvalidConfig: no network for a: give/],
    [
      'with more snapshots than the account may have',
      `${NETWORK}\nsources: { a: ${WITH_SNAPSHOTS}, b: ${WITH_SNAPSHOTS} }`,
      31,
      /^SnapshotQuotaExceeded: the sources keep 120 snapshots together, this account may have 100: lower/,
    ],
  ])('%s', (_title, config, code, message) => {
    const { status, stderr } = deploy('new', config);
    expect(stderr).toMatch(message);
    expect(status).toBe(code);
  });

  it('for none of these where all is well: the image is built next', async () => {
    await deployedBucket('good', { canLock: true });
    expect(deploy('good', GOOD).stderr).toMatch(/^InvalidInput: neither docker nor podman is installed: /);
  });
});

describe('the lock of the deployed bucket', () => {
  const configured = (objectLock?: string) =>
    parseConfig(`${objectLock === undefined ? '' : `storage: { objectLock: ${objectLock} }\n`}${GOOD}`, 'holdfast.yml');
  const lock = (Bucket: string, Rule?: ObjectLockRule): Promise<unknown> =>
    s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', ...(Rule && { Rule }) },
      }),
    );

  it('is what the configuration says, or is told with what it is', async () => {
    const bucket = await deployedBucket('locked', { canLock: true });
    await requireLockOf('locked', configured());
    await expect(requireLockOf('locked', configured('{ mode: compliance, days: 14 }'))).rejects.toMatchObject({
      name: 'InvalidConfig',
      message: expect.stringMatching(
        /^bucket backups-of-locked locks new objects not at all, storage.objectLock says for 14 days in compliance mode: /,
      ),
    });
    await lock(bucket, { DefaultRetention: { Mode: 'COMPLIANCE', Days: 14 } });
    await requireLockOf('locked', configured('{ mode: compliance, days: 14 }'));
    for (const other of ['{ mode: governance, days: 14 }', '{ mode: compliance, days: 15 }', undefined]) {
      await expect(requireLockOf('locked', configured(other))).rejects.toThrow(/for 14 days in compliance mode/);
    }
  });

  it('of a stage that is not deployed is not asked for', async () => {
    await requireLockOf('nowhere', configured('{ mode: compliance, days: 14 }'));
  });
});
