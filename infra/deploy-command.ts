/** `npm run deploy -- --stage S [--config FILE]`: builds and pushes the worker image, packages, deploys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { DescribeAccountAttributesCommand } from '@aws-sdk/client-rds';
import { rds } from '../aws/clients.ts';
import { findBucket } from '../aws/deployment.ts';
import { hasObjectLock } from '../aws/object-lock.ts';
import { acceptDefaultRegion } from '../aws/region.ts';
import { parseConfig } from '../core/config/parse.ts';
import { totalSnapshotsKept } from '../core/config/plan-source.ts';
import type { Config } from '../core/config/schema.ts';
import { HoldfastError } from '../core/errors.ts';
import { deployService, packageService } from './package.ts';
import { CONFIG_FILE } from './service-config.ts';
import { pushWorkerImage } from './worker-image.ts';

interface Options {
  readonly stage: string;
  readonly config: string;
  readonly out: string;
}

/** Fargate starts no task without a network; the local stack needs none, so the schema leaves it optional. */
function requireNetwork({ sources }: Config): void {
  const without = Object.entries(sources).filter(([, source]) => !source.network?.subnets.length);
  if (without.length === 0) return;
  throw new HoldfastError(
    'InvalidConfig',
    `no network for ${without.map(([name]) => name).join(', ')}: give subnets and securityGroups at the top or in the source`,
  );
}

async function requireSnapshotQuota(config: Config): Promise<void> {
  const kept = totalSnapshotsKept(config);
  if (kept === 0) return;
  const { AccountQuotas } = await rds().send(new DescribeAccountAttributesCommand());
  const quota = AccountQuotas?.find(({ AccountQuotaName }) => AccountQuotaName === 'ManualSnapshots');
  if (quota?.Max === undefined || kept <= quota.Max) return;
  throw new HoldfastError(
    'SnapshotQuotaExceeded',
    `the sources keep ${kept} snapshots together, this account may have ${quota.Max}: lower rds.snapshot.keepLast or raise the quota`,
  );
}

/** CloudFormation would replace a bucket that cannot lock by an empty one, and leave the backups in the old one. */
async function requireLockableBucket(stage: string): Promise<void> {
  const bucket = await findBucket(stage);
  if (bucket === undefined || (await hasObjectLock(bucket))) return;
  throw new HoldfastError(
    'InvalidConfig',
    `bucket ${bucket} was made without Object Lock: deploy a new stage, and keep the old one until its points have expired`,
  );
}

/** As the SDK resolves it, from a profile too. The framework has a default of its own, where the image would not be. */
async function requireRegion(): Promise<string> {
  acceptDefaultRegion();
  try {
    return await rds().config.region();
  } catch (cause) {
    throw new HoldfastError('InvalidInput', 'no AWS region: set AWS_REGION, or the region of the profile', { cause });
  }
}

async function deploy({ stage, config, out }: Options): Promise<void> {
  const parsed = parseConfig(readFileSync(config, 'utf8'), config);
  requireNetwork(parsed);
  const env = { ...process.env, AWS_REGION: await requireRegion() };
  await requireSnapshotQuota(parsed);
  await requireLockableBucket(stage);
  console.log('building and pushing the worker image');
  const workerImage = await pushWorkerImage(join(out, 'image'));
  console.log('packaging');
  const { serviceDir } = await packageService({ configFile: config, outDir: out, stage, workerImage, env });
  console.log('deploying');
  await deployService({ serviceDir, stage, workerImage, env });
  console.log(`deployed holdfast-${stage}; subscribers of the topic get a mail that asks them to confirm`);
}

const options = new Command('npm run deploy --')
  .requiredOption('--stage <name>', 'stage to deploy, such as prod')
  .option('--config <file>', 'configuration', CONFIG_FILE)
  .option('--out <dir>', 'folder for what is built', '.build')
  .parse()
  .opts<Options>();

try {
  await deploy(options);
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
