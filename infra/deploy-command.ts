/** `npm run deploy -- --stage S [--config FILE]`: builds and pushes the worker image, packages, deploys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { rds } from '../aws/clients.ts';
import { acceptDefaultRegion } from '../aws/region.ts';
import { parseConfig } from '../core/config/parse.ts';
import { HoldfastError } from '../core/errors.ts';
import { requireLockableBucket, requireLockOf, requireNetwork, requireSnapshotQuota } from './deploy-checks.ts';
import { deployService, packageService } from './package.ts';
import { CONFIG_FILE } from './service-config.ts';
import { pushWorkerImage } from './worker-image.ts';

interface Options {
  readonly stage: string;
  readonly config: string;
  readonly out: string;
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
  await requireLockOf(stage, parsed);
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
